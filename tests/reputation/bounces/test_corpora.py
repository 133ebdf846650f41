"""Real mail: the numbers that docs/bounces.md gives, and honest mail that is never taken for a bounce."""

from __future__ import annotations

from pathlib import Path

import pytest

from reputation.bounces import Kind, read_bounces
from tests.reputation.bounces.judging import CORPORA, Judged, judge

FOUND = 0.98
HARD = 0.95
# Notices of mail systems that lie in the folder of honest mail.
REAL_NOTICES = ("01304.", "01311.")


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    if not (CORPORA / "bounces").is_dir():
        pytest.skip("no corpora at ../shared/corpora")
    return judge(CORPORA / "bounces")


def test_almost_every_bounce_is_found(judged: list[Judged]) -> None:
    missed = [mail.name for mail in judged if not mail.found]
    assert 1 - len(missed) / len(judged) >= FOUND, missed


def test_hard_or_soft_is_right(judged: list[Judged]) -> None:
    wrong = [mail.name for mail in judged if not mail.hard]
    assert 1 - len(wrong) / len(judged) >= HARD, wrong


def test_every_complaint_and_every_reply_is_taken_for_what_it_is(judged: list[Judged]) -> None:
    told = [mail for mail in judged if mail.name.startswith(("arf-", "rfc3834-"))]
    assert told
    assert not [mail.name for mail in told if not mail.found]


@pytest.mark.parametrize("folder", ["ham/easy_ham_2", "ham/hard_ham", "modern"])
def test_honest_mail_is_no_bounce(folder: str) -> None:
    mails = sorted((CORPORA / folder).glob("*")) if CORPORA.is_dir() else []
    if not mails:
        pytest.skip(f"no corpora at ../shared/corpora/{folder}")
    assert not [path.name for path in mails if _is_bounce(path) and not path.name.startswith(REAL_NOTICES)]


def _is_bounce(path: Path) -> bool:
    return any(row.kind in (Kind.BOUNCE, Kind.COMPLAINT) for row in read_bounces(path.read_bytes()))
