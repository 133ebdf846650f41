"""Codes and words to a reason, and a reason to hard or soft."""

from __future__ import annotations

import pytest

from reputation.bounces import Reason, is_hard_bounce
from reputation.bounces.reasons import HARD, classify
from tests.reputation.bounces.judging import SAMPLES

LINES = (SAMPLES / "replies.txt").read_text(encoding="utf-8").splitlines()
REPLIES = [line.partition(" ") for line in LINES if not line.startswith("#")]


@pytest.mark.parametrize(("reason", "reply"), [(reason, reply) for reason, _, reply in REPLIES])
def test_a_reply_to_rcpt_has_its_reason(reason: str, reply: str) -> None:
    assert classify(reply, command="RCPT").reason == reason
    assert is_hard_bounce(reply) == (reason in HARD)


def test_only_what_is_not_there_is_hard() -> None:
    hard = {reason for reason in Reason if is_hard_bounce(reason)}
    assert hard == {Reason.USER_UNKNOWN, Reason.HOST_UNKNOWN, Reason.HAS_MOVED, Reason.NOT_ACCEPT}


@pytest.mark.parametrize(
    ("said", "hard"),
    [
        ("HardBounce", True),
        ("BadEmailAddress", True),
        ("Permanent", True),
        ("invalid", True),
        ("SpamComplaint", False),
        ("SoftBounce", False),
        ("Transient", False),
        ("DnsError", False),
        ("5.1.1", True),
        ("5.1.10", True),
        ("4.1.1", False),
        ("5.2.2", False),
        ("", False),
        ("what nobody ever said", False),
    ],
)
def test_provider_types_and_codes(said: str, hard: bool) -> None:
    assert is_hard_bounce(said) is hard


@pytest.mark.parametrize(
    ("command", "reason"),
    [("RCPT", Reason.USER_UNKNOWN), ("DATA", Reason.FILTERED), ("MAIL", Reason.REJECTED), ("EHLO", Reason.BLOCKED)],
)
def test_an_unknown_user_is_unknown_only_where_the_recipient_was_asked_for(command: str, reason: Reason) -> None:
    assert classify("550 unknown user", command=command).reason is reason


def test_a_delay_is_never_hard() -> None:
    assert classify("550 5.1.1 user unknown", command="RCPT", final=True).hard
    assert not classify("550 5.1.1 user unknown", command="RCPT", final=False).hard


def test_an_address_does_not_speak_for_the_reply() -> None:
    verdict = classify("550 5.1.1 <mailboxfull.spam@b.example>... User unknown", command="RCPT")
    assert verdict.reason is Reason.USER_UNKNOWN


def test_the_code_beside_the_reply_counts() -> None:
    verdict = classify("5.1.0 - Unknown address error 550-'5.2.2 <a@b.example>... Mailbox full'", status="5.0.0")
    assert (verdict.status, verdict.reply, verdict.reason) == ("5.2.2", "550", Reason.MAILBOX_FULL)
