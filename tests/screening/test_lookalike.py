"""Mail that pretends to be from somebody else: each finding with its evidence, and what a policy makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from postbox.ingest import work
from postbox.ingest.mime import parse
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail.models import Message, Outcome, Status, StepVerdict
from postbox.screening.case import Case, Verdict
from postbox.screening.likeness import own as owned
from postbox.screening.likeness.own import Own
from postbox.screening.models import OFTEN, Correspondent, Policy
from postbox.screening.policy import Checks, Effective
from postbox.screening.steps import lookalike
from tests.people import deliver, known_agent, mail
from tests.screening.corpora import folder

OLIVE = Own()
OLIVE.add_domain("agents.mercer-bikes.example")
OLIVE.add_domain("paypal.com", often=True)
OLIVE.add_domain("northwind-freight.com", often=True)
OLIVE.add_name("Olive Mercer")
OLIVE.add_name("robin")


def judged(sender: str, headers: str = "", own: Own = OLIVE, **checks: Any) -> Verdict:
    raw = f"From: {sender}\r\nTo: robin@agents.mercer-bikes.example\r\n{headers}Subject: x\r\n\r\nHello.\r\n"
    case = Case(uuid7(), uuid7(), "robin", raw.encode(), "", "", clock.now(), policy=Effective(checks=Checks(**checks)))
    case.parsed, case.own = parse(case.raw), own
    return lookalike.check(case)


@pytest.mark.parametrize(
    "sender",
    [
        "Ann Teller <ann@northwind-freight.com>",
        "Olive Mercer <olive@mercer-bikes.example>",
        "PayPal <service@paypal.com>",
        "robin via list <list@agents.mercer-bikes.example>",
        '"ann@northwind-freight.com" <ann@mail.northwind-freight.com>',
        "Bo Lindqvist <bo@gmail.com>",
        "Support Team <help@unrelated.example>",
        "PayPal Deutschland <service@paypal.de>",
        "x@payroll.com",
        "bo@freight.com",
    ],
)
def test_who_is_who_they_say_is_let_alone(sender: str) -> None:
    found = judged(sender)
    assert (found.outcome, found.code) == (Outcome.PASS, "itself"), found.reason


@pytest.mark.parametrize(
    ("sender", "code", "evidence"),
    [
        ('"olive@mercer-bikes.example" <x@free-mail.test>', "name_holds_address", "olive@mercer-bikes.example"),
        ('"Ann (ann@northwind-freight.com)" <x@free-mail.test>', "name_holds_address", "x@free-mail.test"),
        ('"ann＠northwind-freight.com" <x@free-mail.test>', "name_holds_address", "x@free-mail.test"),
        ('"mercer-bikes.example support" <x@free-mail.test>', "name_holds_domain", "mercer-bikes.example"),
        ("Olive Mercer <x@free-mail.test>", "lookalike_name", "Olive Mercer"),
        ('"Mercer, Olive" <x@free-mail.test>', "lookalike_name", "Olive Mercer"),
        ("OIive Mercer Support <x@free-mail.test>", "lookalike_name", "Olive Mercer"),
        ("=?utf-8?q?=D0=9Elive_Mercer?= <x@free-mail.test>", "lookalike_name", "Olive Mercer"),
        ("R0bin <x@free-mail.test>", "lookalike_name", "robin"),
        ("Olive <x@mercer-b1kes.example>", "lookalike_domain", "mercer-bikes.example"),
        ("Olive <x@rnercer-bikes.test>", "lookalike_domain", "mercer-bikes.example"),
        ("Olive <x@mercerbikes.example>", "lookalike_domain", "mercer-bikes.example"),
        ("Olive <x@mercer-bike.example>", "lookalike_domain", "mercer-bikes.example"),
        ("Olive <x@mecrer-bikes.example>", "lookalike_domain", "mercer-bikes.example"),
        ("Olive <x@mercer-bikes-support.test>", "lookalike_domain", "mercer-bikes.example"),
        ("Olive <x@login-mercerbikes.test>", "lookalike_domain", "mercer-bikes.example"),
        ("Olive <x@mercerbikeshelpdesk.test>", "lookalike_domain", "mercer-bikes.example"),
        ("Olive <x@mercer-bikes.example.session.test>", "lookalike_domain", "mercer-bikes.example"),
        ("Olive <x@mercer-bikes.test>", "lookalike_domain", "mercer-bikes.example"),
        ("PayPal <x@paypa1.com>", "lookalike_domain", "paypal.com"),
        ("PayPal <x@paypal.co>", "lookalike_domain", "paypal.com"),
        ("PayPal <x@xn--80aa0cbo65f.com>", "lookalike_domain", "раураӏ"),
        ("PayPal <x@paypal-secure-login.test>", "lookalike_domain", "paypal.com"),
        ("Billing <b@north-wind-freight.com>", "lookalike_domain", "northwind-freight.com"),
    ],
)
def test_who_imitates_is_told_with_the_evidence(sender: str, code: str, evidence: str) -> None:
    found = judged(sender)
    assert (found.outcome, found.code) == (Outcome.FLAG, code), found.reason
    assert evidence in found.reason


@pytest.mark.parametrize(
    ("headers", "elsewhere"),
    [
        ("Reply-To: ann@northwind-freight.com\r\n", False),
        ("Reply-To: ann@crm.northwind-freight.com\r\n", False),
        ("Reply-To: x@free-mail.test\r\n", True),
        ("Reply-To: list@lists.test\r\nCc: list@lists.test\r\n", False),
        ("Reply-To: ann@northwind-freight.com, x@free-mail.test\r\n", True),
    ],
)
def test_where_an_answer_would_go(headers: str, elsewhere: bool) -> None:
    found = judged("Ann <ann@northwind-freight.com>", headers)
    assert (found.code == "reply_to_elsewhere") == elsewhere
    assert ("x@free-mail.test" in found.reason) == elsewhere


def test_an_answer_to_an_imitated_domain_is_the_graver_finding() -> None:
    found = judged("Ann <ann@northwind-freight.com>", "Reply-To: pay@mercer-b1kes.example\r\n")
    assert found.code == "lookalike_domain"
    assert "Reply-To" in found.reason
    assert "an answer would go to" in found.reason


def test_the_policy_has_the_word_on_each_kind() -> None:
    assert judged("Olive <x@mercer-b1kes.example>", lookalike="refuse").outcome == Outcome.REFUSE
    assert judged("Olive <x@mercer-b1kes.example>", reply_to="refuse").outcome == Outcome.FLAG
    both = judged("Olive <x@mercer-b1kes.example>", "Reply-To: x@y.test\r\n", reply_to="quarantine")
    assert (both.outcome, both.code) == (Outcome.QUARANTINE, "lookalike_domain")
    assert judged("Ida Falk <ida@free-mail.test>", people=("Ida Falk",)).code == "lookalike_name"


def test_without_one_author_there_is_nothing_to_compare() -> None:
    case = Case(uuid7(), uuid7(), "robin", b"", "", "", clock.now())
    assert lookalike.check(case).code == "no_author"


def test_real_mail_imitates_nobody() -> None:
    files = folder("ham/easy_ham_2")[:500]
    codes = []
    for path in files:
        case = Case(uuid7(), uuid7(), "robin", b"", "", "", clock.now(), own=OLIVE)
        case.parsed = parse(path.read_bytes())
        codes.append(lookalike.check(case).code)
    assert sum(code.startswith("lookalike") for code in codes) == 0
    assert sum(code.startswith("name_holds") for code in codes) <= 5


@pytest.mark.django_db
def test_a_new_domain_is_told_once_and_what_writes_often_is_protected() -> None:
    robin = known_agent()

    def take(sender: str) -> tuple[str, str]:
        (stored,) = deliver(mail(sender=sender), robin.address).stored
        work.run()
        row = StepVerdict.objects.get(message_id=stored.id, step="lookalike")
        return row.outcome, row.code

    assert take("ann@northwind-freight.example") == ("flag", "new_domain")
    for _ in range(OFTEN - 1):
        assert take("bo@northwind-freight.example") == ("pass", "itself")
    assert Correspondent.objects.get().mails == OFTEN
    owned.forget()
    assert take("x@northw1nd-freight.example") == ("flag", "lookalike_domain")
    assert take("x@agents-support.localhost") == ("flag", "lookalike_domain")


@pytest.mark.django_db
def test_each_owner_has_correspondents_of_its_own_and_a_batch_counts_them_together() -> None:
    robin, wren = known_agent(), known_agent("wren", "Walter")
    for _ in range(3):
        deliver(mail(sender="ann@northwind-freight.example"), robin.address)
    deliver(mail(sender="ann@northwind-freight.example"), wren.address)
    assert work.run() == 4
    assert sorted(Correspondent.objects.values_list("owner__name", "mails")) == [("Olive", 3), ("Walter", 1)]
    codes = StepVerdict.objects.filter(step="lookalike").order_by("message_id").values_list("code", flat=True)
    assert list(codes) == ["new_domain", "itself", "itself", "new_domain"]


@pytest.mark.django_db
def test_what_is_refused_makes_no_domain_known() -> None:
    robin = known_agent()
    Policy.objects.create(owner=robin.owner, checks={"new_domain": "refuse"})
    for _ in range(2):
        deliver(mail(), robin.address)
        work.run()
    assert set(Message.objects.values_list("status", flat=True)) == {Status.REFUSED}
    assert not Correspondent.objects.exists()
