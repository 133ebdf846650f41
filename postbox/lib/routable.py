"""Which addresses a request of ours may go to: globally routable unicast and nothing else.

Decides by the IANA special-purpose address registries (RFC 6890 and its updates), as a list to refuse for IPv4 and one
to allow for IPv6. Everything that carries an IPv4 address inside an IPv6 one (mapped, NAT64, 6to4, Teredo) is refused,
because the address inside is not the one that is checked. It never resolves names.
"""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_REFUSED_4 = [
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
]
# Global unicast; what is outside (mapped, NAT64 64:ff9b::/96 and 64:ff9b:1::/48, local, multicast) needs no list.
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_6 = [
    ipaddress.IPv6Network(text)
    # IETF protocol assignments (Teredo, ORCHID, benchmarking), documentation, 6to4, documentation.
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]


def parse_address(text: str) -> Address | None:
    """The address that ``text`` writes in its usual form, or None."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def is_loopback(address: Address) -> bool:
    """127.0.0.0/8 or ::1; a mapped one is not."""
    return address.is_loopback and not (address.version == 6 and address != ipaddress.IPv6Address("::1"))


def is_routable(address: Address) -> bool:
    """Whether the public Internet routes to this address, as one host's."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _REFUSED_4)
    if address.scope_id is not None or address not in _GLOBAL_6:
        return False
    return not any(address in network for network in _REFUSED_6)
