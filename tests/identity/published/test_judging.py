"""Records compared with what DNS holds: what is wanted passes, what is as good passes with words, the rest is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.identity.published.finding import MOST_SHOWN, Finding, State
from postbox.identity.published.look import look_up
from postbox.identity.published.records import Kind, Site, records
from postbox.identity.published.spf import parse
from postbox.lib.dns import TemporaryFailure

NAME, TOKEN = "agents.wren.example", "ab" * 16
SITE = Site("mx.postbox.example")
INCLUDING = Site("mx.postbox.example", "_spf.relay.example")
Zone = dict[tuple[str, str], list[str]]


def look(zone: Zone, site: Site = SITE) -> dict[Kind, Finding]:
    return dict(look_up(NAME, TOKEN, site, lambda name, kind: zone.get((name, kind), [])))


def judged(kind: Kind, values: list[str], zone: Zone | None = None, site: Site = SITE) -> tuple[State, str]:
    """What becomes of these values at the record's own name."""
    wanted = next(record for record in records(NAME, TOKEN, site) if record.kind == kind)
    found = look((zone or {}) | {(wanted.name, wanted.type): values}, site)[kind]
    return found.state, found.advice


def published(site: Site) -> Zone:
    zone: Zone = {}
    for record in records(NAME, TOKEN, site):
        zone.setdefault((record.name, record.type), []).append(record.value)
    return zone


@pytest.mark.parametrize("site", [SITE, INCLUDING])
def test_what_is_told_to_publish_is_ok_without_a_word(site: Site) -> None:
    assert {(found.state, found.advice) for found in look(published(site), site).values()} == {(State.OK, "")}


def test_the_records() -> None:
    assert [(one.kind.value, one.name, one.type, one.value) for one in records(NAME, TOKEN, SITE)] == [
        ("ownership", f"_postbox.{NAME}", "TXT", f"postbox-verify={TOKEN}"),
        ("mx", NAME, "MX", "10 mx.postbox.example"),
        ("spf", NAME, "TXT", "v=spf1 mx -all"),
        ("dmarc", f"_dmarc.{NAME}", "TXT", "v=DMARC1; p=reject; adkim=r; aspf=r"),
    ]
    assert records(NAME, TOKEN, INCLUDING)[2].value == "v=spf1 include:_spf.relay.example -all"


def test_nothing_there_is_missing_and_says_what_to_publish() -> None:
    for record in records(NAME, TOKEN, SITE):
        found = look({})[record.kind]
        assert found.state == State.MISSING
        assert record.name in found.advice
        assert record.value in found.advice


def test_no_answer_is_unknown_never_missing() -> None:
    def broken(name: str, kind: str) -> list[str]:
        raise TemporaryFailure("SERVFAIL")

    for found in look_up(NAME, TOKEN, SITE, broken).values():
        assert found.state == State.UNKNOWN
        assert "SERVFAIL" in found.advice


def test_the_time_is_bounded_as_a_whole() -> None:
    asked: list[str] = []

    def ask(name: str, kind: str) -> list[str]:
        asked.append(name)
        return []

    found = look_up(NAME, TOKEN, SITE, ask, seconds=-1)
    assert asked == []
    assert {one.state for one in found.values()} == {State.UNKNOWN}


@pytest.mark.parametrize(
    ("values", "state", "said"),
    [
        (["10 MX.Postbox.Example."], State.OK, ""),
        (["0 mx.postbox.example"], State.OK, ""),
        (["10 mx.postbox.example", "20 backup.example"], State.OK, "hand what they take"),
        (["10 mx.postbox.example", "5 first.example"], State.WRONG, "first.example"),
        (["10 mx.postbox.example", "10 other.example"], State.WRONG, "other.example"),
        (["10 aspmx.l.google.com"], State.WRONG, "elsewhere"),
        (["0 ."], State.WRONG, "RFC 7505"),
        (["nonsense"], State.MISSING, "Publish"),
        (["-1 mx.postbox.example", "123456 mx.postbox.example"], State.MISSING, "Publish"),
    ],
)
def test_mx(values: list[str], state: State, said: str) -> None:
    found, advice = judged(Kind.MX, values)
    assert found == state
    assert said in advice
    assert bool(said) == bool(advice)


def test_without_a_mail_host_no_mx_can_be_said() -> None:
    assert records(NAME, TOKEN, Site(""))[1].value == ""
    state, advice = judged(Kind.MX, ["10 mx.postbox.example"], site=Site(""))
    assert state == State.UNKNOWN
    assert "POSTBOX_MX_HOST" in advice


@pytest.mark.parametrize(
    ("values", "state", "said"),
    [
        (["V=SPF1 MX -ALL"], State.OK, ""),
        (["google-site-verification=x", "v=spf1 mx -all"], State.OK, ""),
        (["v=spf1 +mx ip4:192.0.2.0/24 include:_spf.other.example -all"], State.OK, ""),
        ([f"v=spf1 mx:{NAME} -all"], State.OK, ""),
        (["v=spf1 a:mx.postbox.example -all"], State.OK, ""),
        (["v=spf1 ip4:192.0.2.0/24 -all"], State.OK, ""),
        (["v=spf1 ip4:198.51.100.1 -all"], State.WRONG, "add mx"),
        (["v=spf1 mx ~all"], State.OK, "weaker"),
        (["v=spf1 mx ?all"], State.OK, "-all"),
        (["v=spf1 mx"], State.OK, "-all"),
        (["v=spf1 mx +all"], State.WRONG, "everybody"),
        (["v=spf1 mx all"], State.WRONG, "everybody"),
        (["v=spf1 -all"], State.WRONG, "add mx"),
        (["v=spf1 -all mx"], State.WRONG, "add mx"),
        (["v=spf1 -mx -all"], State.WRONG, "add mx"),
        (["v=spf1 mx:other.example -all"], State.WRONG, "add mx"),
        (["v=spf1 mx -all", "v=spf1 -all"], State.WRONG, "several"),
        (["v=spf1 mx incl:x -all"], State.WRONG, "incl:x"),
        (["v=spf1 include: mx -all"], State.WRONG, "include:"),
        (["v=spf1 include:_spf.team.example -all"], State.OK, ""),
        (["v=spf1 include:_spf.loop.example -all"], State.WRONG, "add mx"),
        (["v=spf1 redirect=_spf.team.example"], State.OK, "weaker"),
        (["v=spf1 include:nothing.example -all"], State.WRONG, "add mx"),
        (["v=spf1 " + " ".join(f"a:n{number}.example" for number in range(11)) + " mx -all"], State.WRONG, "ten"),
        (["v=spf10 mx -all"], State.MISSING, "Publish"),
        (["v=spf2.0/pra mx -all"], State.MISSING, "Publish"),
    ],
)
def test_spf(values: list[str], state: State, said: str) -> None:
    zone = {
        ("_spf.team.example", "TXT"): [f"v=spf1 a:www.team.example mx:{NAME} ~all"],
        ("_spf.loop.example", "TXT"): ["v=spf1 include:_spf.loop.example mx -all"],
        ("mx.postbox.example", "A"): ["192.0.2.25"],
        ("mx.postbox.example", "AAAA"): ["2001:db8::25"],
    }
    found, advice = judged(Kind.SPF, values, zone)
    assert found == state, advice
    assert said in advice
    assert bool(said) == bool(advice)


def test_spf_where_mail_leaves_by_a_relay() -> None:
    assert judged(Kind.SPF, ["v=spf1 mx include:_spf.relay.example -all"], site=INCLUDING)[0] == State.OK
    nested: Zone = {("_spf.company.example", "TXT"): ["v=spf1 include:_spf.relay.example -all"]}
    assert judged(Kind.SPF, ["v=spf1 include:_spf.company.example -all"], nested, INCLUDING)[0] == State.OK
    state, advice = judged(Kind.SPF, ["v=spf1 mx -all"], site=INCLUDING)
    assert (state, "include:_spf.relay.example" in advice) == (State.WRONG, True)


def test_spf_is_unknown_when_what_it_includes_does_not_answer() -> None:
    def ask(name: str, kind: str) -> list[str]:
        if name == "_spf.team.example":
            raise TemporaryFailure("timeout")
        return ["v=spf1 include:_spf.team.example -all"] if (name, kind) == (NAME, "TXT") else []

    found = look_up(NAME, TOKEN, SITE, ask)
    assert found[Kind.SPF].state == State.UNKNOWN
    assert found[Kind.MX].state == State.MISSING


@pytest.mark.parametrize(
    ("values", "state", "said"),
    [
        (["v=DMARC1;p=reject"], State.OK, ""),
        (["unrelated", " V = dmarc1"], State.MISSING, "Publish"),
        (["v=DMARC1; p=reject; rua=mailto:d@wren.example; fo=1"], State.OK, ""),
        (["v=DMARC1; p=reject; adkim=s"], State.OK, "strict"),
        (["v=DMARC1; p=Quarantine"], State.OK, "weaker"),
        (["v=DMARC1; p=reject; pct=50"], State.OK, "50 %"),
        (["v=DMARC1; p=reject; pct=0"], State.WRONG, "pct=0"),
        (["v=DMARC1; p=none"], State.WRONG, "only watches"),
        (["v=DMARC1; rua=mailto:d@wren.example"], State.WRONG, "only watches"),
        (["v=DMARC1; p=deny"], State.WRONG, "no valid policy"),
        (["v=DMARC1"], State.WRONG, "no valid policy"),
        (["v=DMARC1; p=reject", "v=DMARC1; p=none"], State.WRONG, "several"),
        (["v=DMARC10; p=reject"], State.MISSING, "Publish"),
    ],
)
def test_dmarc(values: list[str], state: State, said: str) -> None:
    found, advice = judged(Kind.DMARC, values)
    assert found == state, advice
    assert said in advice
    assert bool(said) == bool(advice)


@pytest.mark.parametrize(
    ("policy", "state"),
    [
        ("v=DMARC1; p=reject", State.OK),
        ("v=DMARC1; p=none; sp=reject", State.OK),
        ("v=DMARC1; p=reject; sp=none", State.WRONG),
        ("not a policy", State.MISSING),
    ],
)
def test_dmarc_of_the_organisation(policy: str, state: State) -> None:
    found = look({("_dmarc.wren.example", "TXT"): [policy]})[Kind.DMARC]
    assert found.state == state
    assert ("wren.example." in found.advice) == (state != State.MISSING)


def test_a_policy_of_ones_own_wins_over_the_organisations() -> None:
    above: Zone = {("_dmarc.wren.example", "TXT"): ["v=DMARC1; p=reject"]}
    assert judged(Kind.DMARC, ["v=DMARC1; p=none"], above)[0] == State.WRONG


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ([f"postbox-verify={TOKEN}", "postbox-verify=another"], State.OK),
        ([f" postbox-verify={TOKEN} "], State.OK),
        (["postbox-verify=another"], State.WRONG),
        ([f"postbox-verify={TOKEN}0"], State.WRONG),
        ([TOKEN], State.MISSING),
    ],
)
def test_ownership(values: list[str], state: State) -> None:
    assert judged(Kind.OWNERSHIP, values)[0] == state


HOSTILE = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.text(max_size=60).map(lambda text: f"v=spf1 {text}"),
        st.text(max_size=60).map(lambda text: f"v=DMARC1; {text}"),
        st.text(max_size=60).map(lambda text: f"postbox-verify={text}"),
        st.tuples(st.integers(-5, 99999), st.text(max_size=20)).map(lambda pair: f"{pair[0]} {pair[1]}"),
    ),
    max_size=30,
)


@given(HOSTILE)
def test_whatever_strangers_publish_is_judged_and_fit_to_store(values: list[str]) -> None:
    for found in look_up(NAME, TOKEN, SITE, lambda name, kind: values).values():
        assert found.state != State.PENDING
        assert len(found.found) <= MOST_SHOWN
        assert all(text.isprintable() and len(text) <= 500 for text in found.found)


@given(HOSTILE)
def test_other_records_beside_ours_change_nothing_where_they_are_not_of_the_kind(values: list[str]) -> None:
    others = [value for value in values if not value.strip().lower().startswith("v")]
    zone = published(SITE)
    for key in zone:
        if key[1] == "TXT":
            zone[key] = [*others, *zone[key]]
    assert {found.state for found in look(zone).values()} == {State.OK}


@given(st.permutations(["mx", "ip4:192.0.2.1", "a:www.wren.example", "exists:%{i}.x.example"]))
def test_the_order_of_spf_mechanisms_does_not_matter_to_us(terms: list[str]) -> None:
    assert judged(Kind.SPF, [f"v=spf1 {' '.join(terms)} -all"])[0] == State.OK


def test_a_long_record_is_read_within_bounds() -> None:
    assert len(parse("v=spf1 " + "a " * 30_000).terms) < 200
    chain = {(f"n{number}.example", "TXT"): [f"v=spf1 include:n{number + 1}.example"] for number in range(1000)}
    asked: list[str] = []

    def ask(name: str, kind: str) -> list[str]:
        asked.append(name)
        return ["v=spf1 include:n0.example -all"] if (name, kind) == (NAME, "TXT") else chain.get((name, kind), [])

    assert look_up(NAME, TOKEN, SITE, ask)[Kind.SPF].state == State.WRONG
    assert len(asked) < 20
