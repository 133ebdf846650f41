"""Names to addresses by the system's resolver, or by DNS servers that the operator names, within a time.

Decides how long a look-up may take: getaddrinfo has no limit of its own, so it runs in a thread that is left behind
when it hangs. It never decides whether an address may be used.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from postbox.lib import dns

# Takes a host name, gives its addresses as text, IPv4 and IPv6. Raises ResolutionFailed.
Resolver = Callable[[str], list[str]]

TIMEOUT_SECONDS = 5.0
_MAX_HANGING = 64
_hanging = threading.BoundedSemaphore(_MAX_HANGING)


class ResolutionFailed(Exception):
    """The name has no address, or the resolver did not answer in time."""


def system(host: str) -> list[str]:
    """The addresses of ``host`` in the order that the system prefers. Raises ResolutionFailed."""
    if not _hanging.acquire(blocking=False):
        raise ResolutionFailed("too many look-ups hang already")
    look_up = _LookUp(host)
    look_up.start()
    look_up.join(TIMEOUT_SECONDS)
    if look_up.is_alive():
        raise ResolutionFailed(f"no answer in {TIMEOUT_SECONDS:g} s")
    if not look_up.addresses:
        raise ResolutionFailed(look_up.problem or "the name has no address")
    return look_up.addresses


def of(servers: tuple[dns.Server, ...]) -> Resolver:
    """The resolver for these DNS servers; without any the system's."""
    return by_dns(dns.shared(servers)) if servers else system


def by_dns(ask: dns.Resolver) -> Resolver:
    """Addresses by DNS alone, IPv4 first; the system's file of hosts is not read."""

    def resolve(host: str) -> list[str]:
        addresses, problem = [], "the name has no address"
        for kind in ("A", "AAAA"):
            try:
                addresses += ask(host, kind)
            except dns.TemporaryFailure as error:
                problem = str(error)
        if not addresses:
            raise ResolutionFailed(problem)
        return addresses

    return resolve


class _LookUp(threading.Thread):
    def __init__(self, host: str) -> None:
        super().__init__(name="resolver", daemon=True)
        self.host = host
        self.addresses: list[str] = []
        self.problem = ""

    def run(self) -> None:
        try:
            answers = socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM)
            self.addresses = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        except (OSError, UnicodeError) as error:
            self.problem = str(error)
        finally:
            _hanging.release()
