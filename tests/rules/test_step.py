"""What rules match, and what they make of a mail. No database: the step gets its rules with the case."""

from __future__ import annotations

from typing import Any

import pytest

from postbox.ingest.mime import parse
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail.models import Outcome, Status
from postbox.mail.parsed import Score
from postbox.rules import step
from postbox.rules.compiled import CompiledRule, compile_rule
from postbox.rules.language import problems
from postbox.screening.case import Case, Verdict, decide
from postbox.screening.steps import distil
from tests.people import ANN

RAW = (
    b"From: Ann Mercer <Ann@Mercer-Bikes.example>\r\nTo: robin+orders@agents.localhost\r\n"
    b"Subject: =?utf-8?q?Gro=C3=9Fe_Rechnung?=\r\nMessage-ID: <m@mercer-bikes.example>\r\n"
    b"List-Id: Bikes <bikes.mercer.example>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n'
    b"Please find attached.\r\n--b\r\nContent-Type: application/pdf\r\n"
    b'Content-Disposition: attachment; filename="Invoice 7.pdf"\r\n\r\n%PDF-1.4\r\n--b--\r\n'
)
PLAIN = b"From: Ann <ann@mercer-bikes.example>\r\nSubject: Hello\r\nMessage-ID: <p@x.example>\r\n\r\nHow are you?\r\n"


def case_of(raw: bytes = RAW, *, mail_from: str = ANN, score: float = 0.3, outcome: Outcome = Outcome.PASS) -> Case:
    case = Case(uuid7(), uuid7(), "robin", raw, mail_from, "robin+orders@agents.localhost", clock.now())
    case.parsed = parse(raw)
    distil.check(case)
    case.score = Score(score)
    case.verdicts = [Verdict("score", outcome, "some_code", "")]
    return case


def rule(match: dict[str, Any], actions: dict[str, Any] | None = None, name: str = "r") -> CompiledRule:
    actions = actions or {"label": "hit"}
    assert problems(match, actions) == []
    return compile_rule(uuid7(), name, match, actions)


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({"sender": "ann@mercer-bikes.example"}, True),
        ({"sender": "mercer-bikes.example"}, True),
        ({"sender": "bikes.example"}, False),
        ({"sender": "*.example"}, True),
        ({"sender": ["x.example", "ann@*"]}, True),
        ({"envelope_from": "ANN@mercer-bikes.example"}, True),
        ({"header_from": "eve@*"}, False),
        ({"recipient": "robin+*@agents.localhost"}, True),
        ({"tag": "orders"}, True),
        ({"tag": "order"}, False),
        ({"subject": "GROSSE rechnung"}, True),
        ({"subject": {"regex": "^große"}}, True),
        ({"subject": {"contains": ["nothing", "rechnung"]}}, True),
        ({"text": "find attached"}, True),
        ({"text": {"contains": "find", "regex": "detached"}}, False),
        ({"header": {"name": "list-id"}}, True),
        ({"header": {"name": "List-Id", "contains": "bikes.mercer"}}, True),
        ({"header": {"name": "X-None", "exists": False}}, True),
        ({"score": {"min": 0.3}}, True),
        ({"score": {"max": 0.2}}, False),
        ({"attachment": True}, True),
        ({"attachment": {"type": "application/*", "name": "invoice*.pdf"}}, True),
        ({"attachment": {"type": "image/*"}}, False),
        ({"verdict": {"step": "score", "outcome": "pass"}}, True),
        ({"verdict": {"step": "score", "code": "other"}}, False),
        ({"all": [{"tag": "orders"}, {"not": {"sender": "evil.example"}}]}, True),
        ({"any": [{"tag": "x"}, {"subject": "rechnung"}]}, True),
        ({"tag": "orders", "subject": "nothing"}, False),
        ({"every_mail": True}, True),
    ],
)
def test_conditions(match: dict[str, Any], expected: bool) -> None:
    assert bool(step.matching(case_of(), [rule(match)])) is expected


def test_all_that_match_count_until_one_says_stop() -> None:
    every: dict[str, Any] = {"every_mail": True}
    case = case_of()
    case.rules = [
        rule(every, {"label": ["a", "b"]}),
        rule({"tag": "other"}, {"label": "no"}),
        rule(every, {"move": "First", "label": "a"}),
        rule(every, {"move": "Second", "stop": True}, "last"),
        rule(every, {"drop": True}),
    ]
    verdict = step.check(case)
    assert (verdict.outcome, verdict.code) == (Outcome.PASS, "matched")
    assert (case.effects.folder, case.effects.labels, len(case.effects.hits)) == ("First", ("a", "b"), 3)
    assert "Rule “last”: moved to “Second”, later rules not asked." in verdict.reason


def test_the_gravest_decides() -> None:
    every: dict[str, Any] = {"every_mail": True}
    case = case_of()
    case.rules = [rule(every, {"quarantine": True}), rule(every, {"drop": True})]
    assert (verdict := step.check(case)).code == "dropped"
    assert decide([verdict]) == Status.REFUSED
    case.rules = case.rules[:1]
    assert decide([step.check(case)]) == Status.QUARANTINED


def test_no_rule_releases_and_nothing_is_sent_on_for_a_mail_that_is_held() -> None:
    sends = {"forward": "boss@example.org", "auto_reply": {"text": "Thanks."}, "label": "seen"}
    held = case_of(PLAIN, outcome=Outcome.QUARANTINE)
    held.rules = [rule({"every_mail": True}, sends)]
    verdict = step.check(held)
    assert decide([*held.verdicts, verdict]) == Status.QUARANTINED
    assert (held.effects.forwards, held.effects.reply, held.effects.labels) == ((), None, ("seen",))
    assert "nothing is sent on" in verdict.reason
    by_other = case_of(PLAIN)
    by_other.rules = [*held.rules, rule({"every_mail": True}, {"quarantine": True})]
    step.check(by_other)
    assert (by_other.effects.forwards, by_other.effects.reply) == ((), None)
    free = case_of(PLAIN)
    free.rules = held.rules
    step.check(free)
    assert [item.to for item in free.effects.forwards] == ["boss@example.org"]
    assert free.effects.reply is not None
    assert free.effects.reply.to == ANN


@pytest.mark.parametrize(
    ("header", "mail_from"),
    [
        ("Auto-Submitted: auto-replied", ANN),
        ("Precedence: bulk", ANN),
        ("List-Id: <x.example>", ANN),
        ("Content-Type: multipart/report; boundary=x", ANN),
        ("X-Nothing: 1", ""),
        ("X-Nothing: 1", "MAILER-DAEMON@x.example"),
        ("X-Nothing: 1", "no-reply@x.example"),
        ("X-Nothing: 1", "robin+orders@agents.localhost"),
    ],
)
def test_a_program_is_not_answered(header: str, mail_from: str) -> None:
    case = case_of(PLAIN.replace(b"Subject:", header.encode() + b"\r\nSubject:"), mail_from=mail_from)
    case.rules = [rule({"every_mail": True}, {"auto_reply": {"text": "Thanks."}})]
    verdict = step.check(case)
    assert case.effects.reply is None
    assert "not answered, because" in verdict.reason


def test_a_mail_without_one_author_is_held_whatever_rules_say() -> None:
    case = case_of(PLAIN.replace(b"From: Ann <ann@mercer-bikes.example>", b"From: a@x.example, b@x.example"))
    case.rules = [rule({"every_mail": True}, {"move": "In"})]
    verdict = step.check(case)
    assert (verdict.outcome, verdict.code, case.effects.folder) == (Outcome.QUARANTINE, "from_count", "In")
