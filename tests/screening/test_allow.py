"""Who may write: proof for letting in, none for keeping out."""

from __future__ import annotations

import pytest

from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail.authentication import Authentication
from postbox.mail.models import Outcome
from postbox.mail.parsed import Mailbox, ParsedMail
from postbox.screening.case import Case
from postbox.screening.policy import Effective, Mode, Strangers
from postbox.screening.steps import allow


def case(
    policy: Effective, author: str = "ann@wren.example", proven: str = "", mail_from: str = "", sender: str = ""
) -> Case:
    made = Case(uuid7(), uuid7(), "robin", b"", mail_from, "robin@agents.localhost", clock.now(), policy=policy)
    made.parsed = ParsedMail(from_=(Mailbox(author),), sender=(Mailbox(sender),) if sender else ())
    made.authentication = Authentication(aligned_domain=proven)
    return made


def listed(*allowed: str, strangers: str = Strangers.QUARANTINE, block: tuple[str, ...] = ()) -> Effective:
    return Effective(mode=Mode.ALLOWLIST, strangers=strangers, allow=frozenset(allowed), block=frozenset(block))


@pytest.mark.parametrize(
    ("entry", "author", "proven", "allowed"),
    [
        ("wren.example", "ann@wren.example", "wren.example", True),
        ("wren.example", "ann@wren.example", "", False),
        ("ann@wren.example", "ann@wren.example", "wren.example", True),
        ("ann@wren.example", "Ann@WREN.example", "wren.example", True),
        ("ann@wren.example", "ann@wren.example", "", False),
        ("ann@wren.example", "bob@wren.example", "wren.example", False),
        ("wren.example", "ann@mail.wren.example", "mail.wren.example", False),
        ("*.wren.example", "ann@mail.wren.example", "mail.wren.example", True),
        ("*.wren.example", "ann@a.b.wren.example", "a.b.wren.example", True),
        ("*.wren.example", "ann@wren.example", "wren.example", False),
        ("*.wren.example", "ann@notwren.example", "notwren.example", False),
        ("wren.example", "ann@wren.example", "lark.example", False),
        ("xn--bcher-kva.example", "ann@bücher.example", "xn--bcher-kva.example", True),
    ],
)
def test_letting_in_needs_proof(entry: str, author: str, proven: str, allowed: bool) -> None:
    verdict = allow.check(case(listed(entry), author, proven))
    assert (verdict.outcome == Outcome.PASS) == allowed


def test_an_empty_list_means_nobody_and_an_open_mode_everybody() -> None:
    assert allow.check(case(listed(), proven="wren.example")).outcome == Outcome.QUARANTINE
    assert allow.check(case(Effective(allow=frozenset({"lark.example"})))).outcome == Outcome.PASS


def test_several_authors_are_nobody() -> None:
    made = case(listed("wren.example"), proven="wren.example")
    made.parsed = ParsedMail(from_=(Mailbox("ann@wren.example"), Mailbox("eve@evil.example")))
    assert allow.check(made).outcome == Outcome.QUARANTINE


@pytest.mark.parametrize(
    ("strangers", "outcome", "code"),
    [
        (Strangers.REFUSE, Outcome.REFUSE, "stranger"),
        (Strangers.QUARANTINE, Outcome.QUARANTINE, "stranger"),
        (Strangers.HOLD, Outcome.HOLD, "held_for_approval"),
    ],
)
def test_what_becomes_of_strangers(strangers: str, outcome: str, code: str) -> None:
    verdict = allow.check(case(listed(strangers=strangers)))
    assert (verdict.outcome, verdict.code) == (outcome, code)


@pytest.mark.parametrize("entry", ["evil.example", "eve@evil.example", "*.example"])
def test_keeping_out_needs_no_proof(entry: str) -> None:
    policy = Effective(block=frozenset({entry}))
    for made in (
        case(policy, "Eve@Evil.example"),
        case(policy, "ann@wren.test", mail_from="eve@evil.example"),
        case(policy, "ann@wren.test", sender="eve@evil.example"),
        case(listed("evil.example", block=(entry,)), "eve@evil.example", "evil.example"),
    ):
        assert (allow.check(made).outcome, allow.check(made).code) == (Outcome.REFUSE, "blocked")
    assert allow.check(case(policy, "ann@wren.test", mail_from="ann@wren.test")).outcome == Outcome.PASS


def test_who_only_claims_to_be_on_the_list_is_told_so() -> None:
    assert "nothing vouches" in allow.check(case(listed("wren.example"))).reason
