"""SPF: the conformance suite of RFC 7208, and what it leaves out."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from postbox.lib.dns import Resolver, TemporaryFailure
from postbox.mail.models import AuthResult
from postbox.screening.auth.findings import Missing
from postbox.screening.auth.spf import check_spf, explanation
from postbox.screening.auth.spf_record import BadRecord, parse
from tests.screening.auth.signing import resolver
from tests.screening.corpora import CORPORA

SUITE = CORPORA / "spf" / "rfc7208-tests.yml"


def suite() -> list[Any]:
    if not SUITE.is_file():
        return [pytest.param({}, {}, marks=pytest.mark.skip(reason="the shared corpora are not here: spf"))]
    chapters = yaml.safe_load_all(SUITE.read_text("utf-8"))
    return [
        pytest.param(case, chapter["zonedata"], id=f"{chapter['description']}: {name}")
        for chapter in chapters
        for name, case in chapter["tests"].items()
    ]


def of_suite(zone: dict[str, list[Any]]) -> Resolver:
    """As the suite's head says: SPF stands for TXT unless there is a TXT; after TIMEOUT nothing else is answered."""
    small = {name.lower(): records for name, records in zone.items()}

    def ask(name: str, rdtype: str) -> list[str]:
        records = small.get(name.lower().removesuffix("."), [])
        entries = [next(iter(one.items())) for one in records if isinstance(one, dict)]
        for kind, value in entries:
            if kind == "CNAME":
                return ask(value, rdtype)
        own_txt = any(kind == "TXT" for kind, _ in entries)
        found = []
        for kind, value in entries:
            if ("TXT" if kind == "SPF" and not own_txt else kind) != rdtype or value == "NONE":
                continue
            if value == "TIMEOUT":
                raise TemporaryFailure("the suite says so")
            texts = {"TXT": lambda v: v if isinstance(v, str) else "".join(v), "MX": lambda v: f"{v[0]} {v[1]}"}
            found.append(texts.get(rdtype, str)(value))
        if not found and "TIMEOUT" in records:
            raise TemporaryFailure("the suite says so")
        return found

    return ask


@pytest.mark.parametrize(("case", "zone"), suite())
def test_the_suite(case: dict[str, Any], zone: dict[str, list[Any]]) -> None:
    found = check_spf(case["host"], case["mailfrom"], case["helo"], of_suite(zone))
    expected = case["result"] if isinstance(case["result"], list) else [case["result"]]
    assert found.result in expected, found.why
    if "explanation" in case:
        expected_words = case["explanation"].replace("DEFAULT", "")
        assert explanation(found).lower() == expected_words.lower()  # it writes IPv6 in capitals, the RFC does not


def test_the_suite_is_whole() -> None:
    if not SUITE.is_file():
        pytest.skip("the shared corpora are not here: spf")
    assert len(suite()) == 203


ZONE = {("wren.example", "TXT"): ["v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 include:far.example -all"]}


@pytest.mark.parametrize(
    ("client", "mail_from", "result"),
    [
        ("192.0.2.1", "ann@wren.example", AuthResult.PASS),
        ("::ffff:192.0.2.1", "ann@wren.example", AuthResult.PASS),
        ("2001:db8::7", "ann@WREN.example.", AuthResult.PASS),
        ("2001:db9::7", "ann@wren.example", AuthResult.PERMERROR),  # far.example has no record
        ("192.0.2.1", "", AuthResult.PASS),  # the greeting's name
        ("192.0.2.1", "ann@none.example", AuthResult.NONE),
        ("192.0.2.1", "ann@[192.0.2.1]", AuthResult.NONE),
    ],
)
def test_who_is_asked_about(client: str, mail_from: str, result: str) -> None:
    assert check_spf(client, mail_from, "wren.example", resolver(ZONE)).result == result


def test_a_chain_without_end_asks_ten_times_at_most() -> None:
    asked = []

    def ask(name: str, rdtype: str) -> list[str]:
        asked.append((name, rdtype))
        return [f"v=spf1 include:x{name} include:y{name} -all"]

    assert check_spf("192.0.2.1", "ann@wren.example", "", ask).result == AuthResult.PERMERROR
    assert len(asked) == 11


def test_dns_failing_is_a_temporary_error() -> None:
    found = check_spf("192.0.2.1", "ann@wren.example", "", resolver(ZONE, frozenset({"wren.example"})))
    assert found.result == AuthResult.TEMPERROR


def test_a_lacking_answer_is_asked_for() -> None:
    def ask(name: str, rdtype: str) -> list[str]:
        raise Missing([(name, rdtype)])

    with pytest.raises(Missing) as lacking:
        check_spf("192.0.2.1", "ann@wren.example", "", ask)
    assert lacking.value.questions == {("wren.example", "TXT")}


@given(st.text(alphabet="v=spf1 aminxcludept:%{}slodr09./-+,_=~?\\é", max_size=80))
def test_any_record_is_parsed_or_refused(text: str) -> None:
    try:
        parse(f"v=spf1 {text}")
    except BadRecord:
        return
    check_spf(
        "192.0.2.1", "ann@wren.example", "mx.wren.example", resolver({("wren.example", "TXT"): [f"v=spf1 {text}"]})
    )


@pytest.mark.parametrize(
    ("published", "said"),
    [
        (["Ask %{o}, %{c}, at %{t}"], "Ask wren.example, 198.51.100.9, at "),
        (["%{l} is not ours"], "a'b is not ours"),
        (["x" * 500], "x" * 200),
        (["x" * 501], ""),
        (["line\r\nbreak\x1b[2J"], ""),
        (["caf\u00e9"], ""),
        (["%{o"], ""),
        (["one", "two"], ""),
        ([], ""),
    ],
)
def test_an_explanation_is_a_strangers_text(published: list[str], said: str) -> None:
    zone = {("wren.example", "TXT"): ["v=spf1 exp=why.%{d} -all"], ("why.wren.example", "TXT"): published}
    found = check_spf("198.51.100.9", 'a"b@wren.example', "", resolver(zone))
    assert found.result == AuthResult.FAIL
    assert explanation(found).startswith(said) if said else not explanation(found)
    assert len(explanation(found)) <= 200
    broken = check_spf("198.51.100.9", "a@wren.example", "", resolver(zone, frozenset({"why.wren.example"})))
    assert (broken.result, explanation(broken)) == (AuthResult.FAIL, "")


def test_only_the_record_that_failed_the_mail_explains_it() -> None:
    zone = {
        ("wren.example", "TXT"): ["v=spf1 include:far.example redirect=next.example exp=why.wren.example"],
        ("far.example", "TXT"): ["v=spf1 exp=why.far.example -all"],
        ("next.example", "TXT"): ["v=spf1 exp=why.next.example -all"],
        **{(f"why.{name}.example", "TXT"): [f"{name} says no"] for name in ("wren", "far", "next")},
    }
    assert explanation(check_spf("198.51.100.9", "a@wren.example", "", resolver(zone))) == "next says no"
    assert explanation(check_spf("198.51.100.9", "a@lark.example", "", resolver(zone))) == ""
