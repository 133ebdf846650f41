"""The limits on raw mail: each with its code, none on real mail, all in linear time."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postbox.ingest import limits
from postbox.ingest.limits import LimitCode, LimitExceeded, check_raw
from tests.ingest.corpora import mails
from tests.ingest.hostile import LIMITS, MEASURED, TRAPS, WITHIN
from tests.stalls import cpu_within

CASES = MEASURED | LIMITS | WITHIN | TRAPS


@pytest.mark.parametrize("case", CASES)
def test_each_limit_has_its_code_and_nothing_takes_a_second(case: str) -> None:
    raw, code = CASES[case]
    started = time.thread_time()
    found = message = ""
    try:
        check_raw(raw)
    except LimitExceeded as error:
        found, message = error.code, error.message
    assert time.thread_time() - started < 1
    assert found == code
    assert bool(message) == bool(code)


def test_every_limit_of_the_raw_check_is_proven() -> None:
    elsewhere = {LimitCode.HTML, LimitCode.TEXT, LimitCode.DEADLINE}
    assert {code for _, code in LIMITS.values()} == set(LimitCode) - elsewhere


def test_a_deadline_that_has_passed_ends_the_check() -> None:
    with pytest.raises(LimitExceeded) as caught:
        limits.checked_outline(b"From: a@example.com\n\nx", limits.Deadline(seconds=-1))
    assert caught.value.code == LimitCode.DEADLINE


@pytest.mark.parametrize(
    "folder", ["ham/easy_ham_2", "ham/hard_ham", "modern", "bounces", "mime/mikel", "mime/rfc", "mime/malformed"]
)
def test_real_mail_is_never_flagged(folder: str) -> None:
    for path in mails(folder):
        check_raw(path.read_bytes())


@given(st.binary(max_size=2000))
@settings(max_examples=300, deadline=None)
def test_any_octets_pass_or_run_into_a_limit(raw: bytes) -> None:
    with cpu_within(1), suppress(LimitExceeded):
        check_raw(raw)
