"""The whole of authentication over one mail: whom it believes, and what a policy makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from postbox.ingest.steps import parse
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail.authentication import Authentication
from postbox.mail.models import AuthResult, Outcome
from postbox.screening.auth.findings import Findings, Missing
from postbox.screening.auth.judge import judge
from postbox.screening.auth.results import results, without_claims
from postbox.screening.auth.ruling import rule
from postbox.screening.case import Case
from postbox.screening.policy import Auth, Effective
from tests.screening.auth.signing import key_record, plain, resigned, resolver, sealed, signed

CLIENT = "192.0.2.7"
ZONE = {
    ("wren.example", "TXT"): ["v=spf1 ip4:192.0.2.0/24 -all"],
    ("evil.example", "TXT"): ["v=spf1 +all"],
    ("s1._domainkey.wren.example", "TXT"): [key_record()],
    ("s1._domainkey.evil.example", "TXT"): [key_record()],
    ("s1._domainkey.lists.example", "TXT"): [key_record()],
    ("_dmarc.wren.example", "TXT"): ["v=DMARC1; p=reject"],
    ("xn--bcher-kva.example", "TXT"): ["v=spf1 ip4:192.0.2.0/24 -all"],
}


def case(raw: bytes, mail_from: str = "ann@wren.example", client: str | None = CLIENT, **others: Any) -> Case:
    made = Case(
        uuid7(), uuid7(), "robin", raw, mail_from, "robin@agents.localhost", clock.now(),
        client_ip=client, helo="mx.wren.example", **others,
    )  # fmt: skip
    parse.check(made)
    return made


def look(raw: bytes, mail_from: str = "ann@wren.example", client: str | None = CLIENT) -> Authentication:
    return judge(case(raw, mail_from, client), resolver(ZONE)).authentication


def test_a_mail_that_all_three_vouch_for() -> None:
    assert look(signed(plain(), "wren.example")) == Authentication("pass", "pass", "pass", "wren.example", "none")


@pytest.mark.parametrize("client", ["2001:db8::1", "192.0.3.1", "::ffff:192.0.3.1"])
def test_another_client_fails_spf_and_the_signature_still_vouches(client: str) -> None:
    found = look(signed(plain(), "wren.example"), client=client)
    assert (found.spf, found.dkim, found.dmarc, found.aligned_domain) == ("fail", "pass", "pass", "wren.example")


def test_without_a_client_address_there_is_nothing() -> None:
    found = judge(case(signed(plain(), "wren.example"), client=None), resolver(ZONE))
    assert found.authentication == Authentication()
    assert not found.looked


@pytest.mark.parametrize(
    "sender",
    ["Ann <ann@WREN.Example>", "ann@wren.example", "Ann <ann@wren.example.>", '"ann@bank.example" <ann@wren.example>'],
)
def test_how_the_author_is_written_does_not_matter(sender: str) -> None:
    assert look(plain(sender)).aligned_domain == "wren.example"


def test_a_name_in_unicode_is_compared_in_ascii() -> None:
    raw = "From: Ann <ann@bücher.example>\r\nSubject: x\r\n\r\nx\r\n".encode()
    assert look(raw, "ann@xn--bcher-kva.example").aligned_domain == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    "raw",
    [
        b"From: Ann <ann@wren.example>\r\n" + plain("Eve <eve@evil.example>"),
        b"From: Eve <eve@evil.example>\r\n" + plain(),
        b"From : Eve <eve@evil.example>\r\n" + plain(),
        b"FROM:\r\n Eve <eve@evil.example>\r\n" + plain(),
        plain("Ann <ann@wren.example>, Eve <eve@evil.example>"),
        plain("Ann <ann@wren.example>, Bob <bob@wren.example>"),
        plain("nobody"),
        plain("").replace(b"From: \r\n", b""),
    ],
)
def test_anything_but_one_author_fails(raw: bytes) -> None:
    for made in (raw, signed(raw, "wren.example", include_headers=[b"from"])) if b"From:" in raw else (raw,):
        found = look(made)
        assert (found.dmarc, found.aligned_domain) == ("fail", "")


def test_a_pass_of_an_unrelated_domain_does_not_align() -> None:
    found = look(signed(plain(), "evil.example"), "eve@evil.example")
    assert found == Authentication("pass", "pass", "fail", "", "none")


def test_another_address_in_the_display_name_does_not_count() -> None:
    found = look(plain('"ann@wren.example" <eve@evil.example>'), "eve@evil.example")
    assert (found.dmarc, found.aligned_domain) == ("none", "evil.example")


def test_a_body_that_was_added_to_is_nobodys() -> None:
    raw = signed(plain(), "wren.example", length=True) + b"Pay here.\r\n"
    assert look(raw, "eve@evil.example").dkim == "none"
    assert look(raw, "eve@evil.example").aligned_domain == ""


def test_a_line_that_is_no_field_ends_what_signatures_can_say() -> None:
    raw = signed(plain(), "wren.example")
    assert look(raw.replace(b"Subject:", b"garbage\r\nSubject:", 1), "eve@evil.example").dkim == "none"


def test_an_empty_return_path_is_the_greetings() -> None:
    zone = ZONE | {("mx.wren.example", "TXT"): ["v=spf1 ip4:192.0.2.7 -all"]}
    found = judge(case(plain(), ""), resolver(zone)).authentication
    assert (found.spf, found.dmarc, found.aligned_domain) == ("pass", "pass", "wren.example")


@pytest.mark.parametrize("broken", ["wren.example", "s1._domainkey.wren.example", "_dmarc.wren.example"])
def test_dns_failing_is_said_and_nothing_passes_for_it(broken: str) -> None:
    made = case(signed(plain(), "wren.example"))
    found = judge(made, resolver(ZONE, frozenset({broken})))
    assert "temperror" in (found.authentication.spf, found.authentication.dkim, found.authentication.dmarc)
    assert rule(Effective(auth=Auth.ENFORCE), found).code == "authentication_unavailable"
    if broken == "_dmarc.wren.example":
        assert rule(Effective(auth=Auth.QUARANTINE), found).outcome == Outcome.QUARANTINE


def test_everything_that_can_be_asked_at_once_is() -> None:
    def ask(name: str, rdtype: str) -> list[str]:
        raise Missing([(name, rdtype)])

    with pytest.raises(Missing) as lacking:
        judge(case(signed(plain(), "wren.example")), ask)
    assert lacking.value.questions == {
        ("wren.example", "TXT"), ("s1._domainkey.wren.example", "TXT"), ("_dmarc.wren.example", "TXT"),
        ("_dmarc.example", "TXT"),
    }  # fmt: skip


def test_a_kept_record_of_the_authors_own_leaves_nothing_to_ask() -> None:
    asked = []

    def ask(name: str, rdtype: str) -> list[str]:
        asked.append(name)
        return ZONE.get((name, rdtype), [])

    assert judge(case(signed(plain(), "wren.example")), ask).authentication.dmarc == "pass"
    assert asked == ["wren.example", "s1._domainkey.wren.example", "_dmarc.wren.example"]


FAILING = {("lark.example", "TXT"): ["v=spf1 exp=why.lark.example -all"], ("why.lark.example", "TXT"): ["Ask %{o}."]}


def test_the_senders_words_on_a_failure_are_for_who_refuses_it_alone() -> None:
    asked = []

    def ask(name: str, rdtype: str) -> list[str]:
        asked.append(name)
        return FAILING.get((name, rdtype), [])

    refusing, holding = Effective(auth=Auth.ENFORCE), Effective(auth=Auth.QUARANTINE)
    assert (
        'Of the SPF failure lark.example says: "Ask lark.example."'
        in rule(refusing, judge(case(plain(), "ann@lark.example", policy=refusing), ask)).reason
    )
    asked.clear()
    assert "says" not in judge(case(plain(), "ann@lark.example", policy=holding), ask).words
    assert judge(case(plain(), "", policy=refusing), ask).authentication.spf == "none"
    assert "why.lark.example" not in asked


def test_no_mail_waits_for_words_alone() -> None:
    def ask(name: str, rdtype: str) -> list[str]:
        if name == "why.lark.example":
            raise Missing([(name, rdtype)])
        return FAILING.get((name, rdtype), [])

    with pytest.raises(Missing) as lacking:
        judge(case(plain(), "ann@lark.example", policy=Effective(auth=Auth.ENFORCE)), ask)
    assert (set(lacking.value.questions), lacking.value.decides) == ({("why.lark.example", "TXT")}, False)


WORDS = ("none", "pass", "fail", "softfail", "neutral", "temperror", "permerror")


@given(st.sampled_from(WORDS), st.sampled_from(WORDS), st.sampled_from(WORDS), st.booleans())
def test_what_policies_let_pass(spf: str, dkim: str, dmarc: str, aligned: bool) -> None:
    found = Findings(Authentication(spf, dkim, dmarc, "wren.example" if aligned else ""))
    enforced = rule(Effective(auth=Auth.ENFORCE), found)
    assert (enforced.outcome == Outcome.PASS) == ((spf, dkim, dmarc) == ("pass", "pass", "pass"))
    assert enforced.outcome in (Outcome.PASS, Outcome.REFUSE, Outcome.QUARANTINE)
    assert (enforced.outcome == Outcome.QUARANTINE) == (
        {spf, dkim, dmarc} <= {"pass", "temperror"} and "temperror" in (spf, dkim, dmarc)
    )
    assert (rule(Effective(auth=Auth.QUARANTINE), found).outcome == Outcome.PASS) == aligned
    assert rule(Effective(auth=Auth.MONITOR), found).outcome in (Outcome.PASS, Outcome.FLAG)


# --- behind a trusted MTA ----------------------------------------------------------------------------------------


def behind(settings: Settings, *fields: str, sender: str = "Ann <ann@wren.example>") -> Authentication:
    settings.POSTBOX_TRUSTED_AUTHSERV_ID = "mx.mine.example"
    raw = "".join(f"Authentication-Results: {one}\r\n" for one in fields).encode() + plain(sender)
    return judge(case(raw, client=None), resolver(ZONE)).authentication


GOOD = (
    "mx.mine.example; spf=pass smtp.mailfrom=ann@wren.example; dkim=pass (2048-bit) header.d=wren.example;"
    " dmarc=pass header.from=wren.example"
)
BAD = "mx.mine.example; spf=fail; dkim=none; dmarc=fail header.from=wren.example"


def test_the_trusted_mtas_word_is_taken(settings: Settings) -> None:
    assert behind(settings, GOOD) == Authentication("pass", "pass", "pass", "wren.example", "none")
    assert behind(settings, BAD) == Authentication("fail", "none", "fail", "", "none")
    assert behind(settings, GOOD.replace("mx.mine", "MX.Mine").replace(";", " 1;", 1)).dmarc == "pass"


def test_the_topmost_of_that_name_counts_and_no_other(settings: Settings) -> None:
    assert behind(settings, BAD, GOOD).dmarc == "fail"
    assert behind(settings, "other.example; spf=pass", BAD, GOOD).dmarc == "fail"
    assert behind(settings, GOOD.replace("mx.mine", "mx.other")) == Authentication()


@pytest.mark.parametrize(
    "value",
    [
        GOOD.replace("header.from=wren.example", "header.from=lark.example"),
        GOOD.replace("; dmarc=pass", "; dmarc=pass header.from=wren.example; dmarc=pass"),
        'mx.mine.example; spf=pass smtp.mailfrom="x; dmarc=pass header.from=wren.example"@evil.example; dmarc=fail',
        "mx.mine.example; spf=pass (x; dmarc=pass header.from=wren.example) smtp.mailfrom=evil.example; dmarc=fail",
        "mx.mine.example; spf=pass smtp.mailfrom==?utf-8?q?=3B_dmarc=3Dpass?=@evil.example; dmarc=fail",
        "mx.mine.example; none",
        "(mx.mine.example; dmarc=pass header.from=wren.example",
    ],
)
def test_what_is_quoted_or_doubled_is_no_word(settings: Settings, value: str) -> None:
    assert behind(settings, value).aligned_domain == ""


def test_without_a_dmarc_record_an_aligned_pass_of_the_mta_serves(settings: Settings) -> None:
    value = "mx.mine.example; spf=pass smtp.mailfrom=bounces.wren.example; dmarc=none header.from=wren.example"
    assert behind(settings, value).aligned_domain == "wren.example"
    assert behind(settings, value.replace("bounces.wren", "evil")).aligned_domain == ""


def test_others_claims_are_taken_out() -> None:
    raw = (
        b"Authentication-Results: evil.example; dmarc=pass\r\nauthentication-results: mx.mine.example; a=b\r\n"
        + plain()
    )
    parsed = case(raw).parsed
    assert parsed is not None
    assert without_claims(parsed).header("authentication-results") == ""
    assert without_claims(parsed, "mx.mine.example").header("authentication-results") == "mx.mine.example; a=b"


@given(st.text(max_size=200))
def test_any_field_is_read(value: str) -> None:
    results(value)


# --- ARC, as advice ----------------------------------------------------------------------------------------------


def test_a_trusted_sealers_word_is_advice(settings: Settings) -> None:
    seen = "lists.example; dmarc=pass header.from=wren.example"
    raw = sealed(plain().replace(b"Subject: ", b"Subject: [list] "), 1, "lists.example", seen)
    found = judge(case(raw, "list@evil.example"), resolver(ZONE))
    assert (found.authentication.arc, found.sealer) == (AuthResult.PASS, "")  # nobody is trusted
    settings.POSTBOX_ARC_SEALERS = frozenset({"lists.example"})
    found = judge(case(raw, "list@evil.example"), resolver(ZONE))
    assert (found.authentication.dmarc, found.authentication.aligned_domain) == ("fail", "")
    assert rule(Effective(auth=Auth.QUARANTINE), found).code == "vouched_by_sealer"
    assert rule(Effective(auth=Auth.ENFORCE), found).outcome == Outcome.REFUSE
    forged = sealed(plain("Eve <eve@evil.example>"), 1, "lists.example", seen)
    assert judge(case(forged, "list@lark.example"), resolver(ZONE)).sealer == ""
    over = sealed(raw, 2, "evil.example", "evil.example; arc=pass")
    assert judge(case(over, "list@lark.example"), resolver(ZONE)).sealer == ""


def test_an_expired_signature_is_measured_by_when_the_mail_came() -> None:
    made = case(resigned(plain(), "wren.example", f"x={int(clock.now().timestamp()) - 900}; "))
    assert judge(made, resolver(ZONE)).authentication.dkim == "fail"
