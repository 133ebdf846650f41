"""What a sender writes is read in time that grows with its length and not with its square."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from postbox.screening.auth.dkim import check_dkim
from postbox.screening.auth.names import ascii_name
from postbox.screening.auth.results import results
from postbox.screening.auth.signed import split
from postbox.screening.auth.spf_record import BadRecord, parse
from tests.screening.auth.signing import resolver


def record(text: str) -> None:
    try:
        parse(f"v=spf1 {text}")
    except BadRecord:
        return


def signatures(head: bytes) -> None:
    check_dkim(split(head + b"From: a@b.example\r\n\r\nx\r\n"), "b.example", resolver({}), 0.0)


NAMES = b":".join(b"n%d" % number for number in range(20_000))
SIGNATURE = b"DKIM-Signature: v=1; a=rsa-sha256; d=b.example; s=s; bh=AA==; b=AA==; h=from:%b\r\n" % NAMES


@pytest.mark.parametrize(
    "look",
    [
        lambda: record("a:." + "a" * 4000 + "!"),
        lambda: record("a" + "/" * 4000 + "x"),
        lambda: record("exists:%{" + "i" * 4000),
        lambda: record("exists:%{i" + "1" * 4000),
        lambda: record("exists:" + "%{i1" * 1000),
        lambda: results("mx; spf=pass " + "a" * 16_000),
        lambda: results("mx; spf=pass " + "a . " * 4_000),
        lambda: results('mx; "' + '\\"' * 8_000),
        lambda: results("mx; " + "(" * 16_000),
        lambda: results("mx; spf" + " " * 16_000 + "x"),
        lambda: ascii_name("é" * 100_000),
        lambda: signatures(SIGNATURE * 10),
        lambda: signatures(b"DKIM-Signature: " + b" " * 200_000 + b"\r\n"),
        lambda: signatures(b"DKIM-Signature: " + b"a=b;" * 50_000 + b"\r\n"),
        lambda: signatures(b"X: y\r\n" * 20_000),
    ],
)
def test_time_is_linear(look: Callable[[], object]) -> None:
    began = time.process_time()
    look()
    assert time.process_time() - began < 1.0
