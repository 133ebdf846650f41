"""A mail of our own for each recogniser: who, what, for good or not, and why."""

from __future__ import annotations

import json

import pytest

from reputation.bounces import Bounce, Kind, read_bounces
from tests.reputation.bounces.judging import SAMPLES

ROWS = [json.loads(line) for line in (SAMPLES / "expected.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_a_sample_reads_as_it_was_written(row: dict[str, list[dict[str, object]]]) -> None:
    found = read_bounces((SAMPLES / str(row["file"])).read_bytes())
    assert [_shown(bounce) for bounce in found] == row["expected"]


def test_every_sample_is_judged() -> None:
    assert {row["file"] for row in ROWS} == {path.name for path in SAMPLES.glob("*.eml")}


@pytest.mark.parametrize("name", ["dsn-unknown.eml", "qmail.eml", "only-original.eml", "feedback-abuse.eml"])
def test_what_the_returned_mail_carries_comes_along(name: str) -> None:
    bounce = read_bounces((SAMPLES / name).read_bytes())[0]
    assert bounce.original_message_id == "0196a1b2@agents.example.com"
    assert bounce.original_to == "anna@shop.example.net"
    assert bounce.envelope_from == "bounce+1a2b@agents.example.com"


def test_line_ends_make_no_difference() -> None:
    for path in SAMPLES.glob("*.eml"):
        raw = path.read_bytes()
        rows = [_shown(bounce) for bounce in read_bounces(raw)]
        assert [_shown(bounce) for bounce in read_bounces(raw.replace(b"\n", b"\r\n"))] == rows, path.name


def test_a_complaint_says_of_what_kind() -> None:
    bounce = read_bounces((SAMPLES / "feedback-abuse.eml").read_bytes())[0]
    assert (bounce.kind, bounce.action) == (Kind.COMPLAINT, "abuse")


def test_a_notice_that_passes_on_another_is_read_inside() -> None:
    inner = (SAMPLES / "qmail.eml").read_bytes()
    outer = (
        b"From: MAILER-DAEMON@relay.example\nTo: scout@agents.example.com\nSubject: Undelivered Mail\n\n"
        b"I'm sorry that the message returned below could not be delivered.\n\n" + inner
    )
    assert [_shown(bounce) for bounce in read_bounces(outer)] == [_shown(bounce) for bounce in read_bounces(inner)]


def _shown(bounce: Bounce) -> dict[str, object]:
    return {"recipient": bounce.recipient, "kind": bounce.kind, "hard": bounce.hard, "reason": bounce.reason}
