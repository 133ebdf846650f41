"""Asking DNS: what comes back, how long it may take, what is kept. Against a real server on loopback."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.lib.dns import Dns, Server, TemporaryFailure, parse_server, shared
from postbox.lib.orgdomain import is_organisational, organisational
from tests.nameserver import Nameserver, nameserver
from tests.stalls import thrice


@pytest.fixture
def ns() -> Iterator[Nameserver]:
    with nameserver() as made:
        yield made


@pytest.fixture
def ask(ns: Nameserver) -> Dns:
    return Dns([ns.server], query_seconds=10, total_seconds=20)


def test_records_as_text(ns: Nameserver, ask: Dns) -> None:
    ns.zone = {
        ("wren.example", "MX"): ["10 MX.wren.example.", "20 other.example."],
        ("wren.example", "TXT"): ['"v=spf1 mx " "-all"', '"another"'],
        ("wren.example", "A"): ["192.0.2.1"],
        ("wren.example", "AAAA"): ["2001:db8::1"],
        ("1.2.0.192.in-addr.arpa", "PTR"): ["wren.example."],
        ("none.example", "MX"): ["0 ."],
    }
    assert sorted(ask("wren.example", "MX")) == ["10 MX.wren.example", "20 other.example"]
    assert sorted(ask("WREN.example.", "TXT")) == ["another", "v=spf1 mx -all"]
    assert ask("wren.example", "A") == ["192.0.2.1"]
    assert ask("wren.example", "AAAA") == ["2001:db8::1"]
    assert ask("1.2.0.192.in-addr.arpa", "PTR") == ["wren.example"]
    assert ask("none.example", "MX") == ["0 ."]


def test_no_such_name_and_no_such_record_are_an_empty_list(ns: Nameserver, ask: Dns) -> None:
    ns.zone = {("wren.example", "A"): ["192.0.2.1"]}
    assert ask("wren.example", "MX") == []
    assert ask("no.example", "MX") == []
    asked = len(ns.asked)
    for impossible in ("x" * 64 + ".example", "a..example", ".".join(["d" * 60] * 5), ""):
        assert ask(impossible, "MX") == []
    assert len(ns.asked) - asked <= 1  # the root may be asked about


def test_an_answer_too_long_for_udp_comes_by_tcp(ns: Nameserver, ask: Dns) -> None:
    ns.zone = {("wren.example", "TXT"): [f'"{number:03}{"x" * 200}"' for number in range(150)]}
    ns.by_tcp = {"wren.example"}
    assert len(ask("wren.example", "TXT")) == 100  # of 150, bounded


def test_servfail_and_silence_are_temporary(ns: Nameserver, ask: Dns) -> None:
    ns.broken, ns.silent = {"broken.example"}, {"silent.example"}
    impatient = Dns([ns.server], query_seconds=0.3, total_seconds=0.8)
    with pytest.raises(TemporaryFailure):
        ask("broken.example", "TXT")
    started = time.monotonic()
    with pytest.raises(TemporaryFailure, match=r"0\.8 s"):
        impatient("silent.example", "TXT")
    assert 0.7 < time.monotonic() - started < 4.5


@thrice
def test_a_silent_server_is_asked_again_within_the_time(ns: Nameserver) -> None:
    ns.silent = {"silent.example"}
    ns.asked.clear()
    with pytest.raises(TemporaryFailure):
        Dns([ns.server], query_seconds=0.1, total_seconds=0.4)("silent.example", "TXT")
    assert ns.asked.count(("silent.example", "TXT")) >= 2


def test_no_server_at_all_is_temporary() -> None:
    with pytest.raises(TemporaryFailure):
        Dns([Server("127.0.0.1", 1)], query_seconds=0.2, total_seconds=0.4)("wren.example", "A")


def test_the_next_server_is_asked_when_one_is_dead(ns: Nameserver) -> None:
    ns.zone = {("wren.example", "A"): ["192.0.2.1"]}
    ask = Dns([Server("127.0.0.1", 1), ns.server], query_seconds=0.3, total_seconds=20)
    assert ask("wren.example", "A") == ["192.0.2.1"]


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def test_answers_are_kept_as_long_as_they_say_within_bounds(ns: Nameserver) -> None:
    clock = Clock()
    ask = Dns([ns.server], now=clock, query_seconds=10, total_seconds=20)
    ns.zone = {("wren.example", "A"): ["192.0.2.1"]}

    def asked_again_after(seconds: float, name: str) -> bool:
        before = len(ns.asked)
        clock.at += seconds
        try:
            ask(name, "A")
        except TemporaryFailure:
            assert name == "broken.example"
        return len(ns.asked) > before

    assert asked_again_after(0, "wren.example")
    assert not asked_again_after(299, "wren.example")
    assert asked_again_after(2, "wren.example")
    clock.at += 10_000
    for ttl, kept in ((0, 5), (1_000_000, 3600)):
        ns.ttl = ttl
        assert asked_again_after(4000, "wren.example")
        assert not asked_again_after(kept - 1, "wren.example")
        assert asked_again_after(2, "wren.example")
    ns.broken = {"broken.example"}
    for name, kept in (("no.example", 60), ("broken.example", 5)):
        assert asked_again_after(0, name)
        assert not asked_again_after(kept - 1, name)
        assert asked_again_after(2, name)


def test_fresh_asks_whatever_is_kept(ns: Nameserver, ask: Dns) -> None:
    assert ask("wren.example", "A") == []
    ns.zone = {("wren.example", "A"): ["192.0.2.1"]}
    assert ask("wren.example", "A") == []
    assert ask.fresh("wren.example", "A") == ["192.0.2.1"]
    assert ask("wren.example", "A") == ["192.0.2.1"]


def test_the_cache_is_bounded(ns: Nameserver) -> None:
    ask = Dns([ns.server], cache_size=3)
    for number in range(6):
        ask(f"n{number}.example", "A")
    assert len(ask._cache._kept) == 3
    before = len(ns.asked)
    ask("n5.example", "A")
    assert len(ns.asked) == before
    ask("n0.example", "A")
    assert len(ns.asked) == before + 1


def test_what_is_given_out_cannot_change_what_is_kept(ns: Nameserver, ask: Dns) -> None:
    ns.zone = {("wren.example", "A"): ["192.0.2.1"]}
    ask("wren.example", "A").append("forged")
    assert ask("wren.example", "A") == ["192.0.2.1"]


def test_localhost_is_never_asked_about(ns: Nameserver, ask: Dns) -> None:
    assert ask("agents.localhost", "MX") == []
    assert ask("localhost", "A") == ["127.0.0.1"]
    assert ns.asked == []


def test_a_type_that_nobody_asks_for_is_a_mistake(ask: Dns) -> None:
    with pytest.raises(ValueError, match="ANY"):
        ask("wren.example", "ANY")


def test_one_resolver_for_all() -> None:
    servers = (Server("127.0.0.1", 5353),)
    assert shared(servers) is shared(servers)


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.1", Server("192.0.2.1", 53)),
        ("192.0.2.1:5353", Server("192.0.2.1", 5353)),
        ("[2001:db8::1]:53", Server("2001:db8::1", 53)),
        ("[2001:db8::1]", Server("2001:db8::1", 53)),
        ("2001:db8::1", Server("2001:db8::1", 53)),
        ("localhost:53", Server("127.0.0.1", 53)),
    ],
)
def test_servers_are_read(text: str, server: Server) -> None:
    assert parse_server(text) == server


@pytest.mark.parametrize(
    "text", ["", "dns.example:53", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "[::1]x", "192.0.2.1:5 3", "1:2:3"]
)
def test_wrong_servers_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"IP address|port"):
        parse_server(text)


@given(st.text(max_size=40))
def test_any_text_is_a_server_or_a_value_error(text: str) -> None:
    try:
        server = parse_server(text)
    except ValueError:
        return
    assert 0 < server.port < 65536


def test_organisational_domains() -> None:
    assert organisational("a.b.shop.co.uk") == "shop.co.uk"
    assert is_organisational("Shop.co.uk.")
    assert is_organisational("co.uk")
    assert not is_organisational("agents.shop.co.uk")
    assert not is_organisational("agents.wren.example")
