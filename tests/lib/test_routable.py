"""Which addresses are on the public Internet, and the ways to write those that are not."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.lib.routable import is_loopback, is_routable, parse_address

REFUSED = [
    "0.0.0.0",  # noqa: S104 (an address to refuse)
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:8.8.8.8",
    "::ffff:127.0.0.1",
    "::8.8.8.8",
    "64:ff9b::8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
]


@pytest.mark.parametrize("text", REFUSED)
def test_special_addresses_are_not_routable(text: str) -> None:
    address = parse_address(text)
    assert address is not None
    assert not is_routable(address)


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001::1"])
def test_public_addresses_are(text: str) -> None:
    address = parse_address(text)
    assert address is not None
    assert is_routable(address)


@pytest.mark.parametrize(
    "text", ["0177.0.0.1", "0x7f.1", "127.1", "2130706433", "0x7f000001", "localhost", "", "1.2.3.4.5"]
)
def test_odd_spellings_are_no_addresses(text: str) -> None:
    assert parse_address(text) is None


def test_loopback_is_127_and_1_only() -> None:
    assert [text for text in REFUSED if (address := parse_address(text)) and is_loopback(address)] == [
        "127.0.0.1",
        "127.255.255.254",
        "::1",
    ]


@given(st.ip_addresses(v=4))
def test_no_v4_address_passes_in_the_dress_of_v6(address: ipaddress.IPv4Address) -> None:
    for prefix in ("::ffff:", "::", "64:ff9b::"):
        dressed = parse_address(f"{prefix}{address}")
        assert dressed is not None
        assert not is_routable(dressed)


@given(st.ip_addresses())
def test_whatever_passes_is_global_by_the_standard_library_too(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if is_routable(address):
        assert address.is_global
        special = address.is_private, address.is_multicast, address.is_loopback, address.is_link_local
        assert not any(special)
