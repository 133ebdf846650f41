"""Host names to addresses by servers that the operator names."""

from __future__ import annotations

import pytest

from postbox.lib import resolver
from postbox.lib.dns import Server, TemporaryFailure
from tests.nameserver import nameserver


def test_addresses_of_both_kinds_come_from_the_named_server() -> None:
    with nameserver() as ns:
        ns.zone = {
            ("hooks.example", "A"): ["192.0.2.1"],
            ("hooks.example", "AAAA"): ["2001:db8::1"],
            ("mail.example", "MX"): ["10 mx.example."],
        }
        resolve = resolver.of((ns.server,))
        assert resolve("hooks.example") == ["192.0.2.1", "2001:db8::1"]
        assert resolve("localhost") == ["127.0.0.1", "::1"]
        for name in ("mail.example", "no.example"):
            with pytest.raises(resolver.ResolutionFailed, match="no address"):
                resolve(name)


def test_one_kind_that_fails_does_not_hide_the_other() -> None:
    def ask(name: str, rdtype: str) -> list[str]:
        if rdtype == "AAAA":
            raise TemporaryFailure("SERVFAIL")
        return ["192.0.2.1"] if name == "half.example" else []

    assert resolver.by_dns(ask)("half.example") == ["192.0.2.1"]
    with pytest.raises(resolver.ResolutionFailed, match="SERVFAIL"):
        resolver.by_dns(ask)("none.example")


def test_without_servers_it_is_the_systems() -> None:
    assert resolver.of(()) is resolver.system
    assert resolver.of((Server("127.0.0.1", 1),)) is not resolver.system
