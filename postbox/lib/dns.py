"""Questions to DNS, for everything that asks: mail authentication, the records of a domain, webhook hosts.

Decides which servers are asked, for how long, how many questions wait at once, that nothing is asked twice at once, and
how long an answer is kept. It never decides what an answer means. A name that does not exist and a name without such
records are both an empty list; what may be different in a minute is TemporaryFailure, so that a caller can fail closed.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

from postbox.lib.routable import parse_address

# Takes a name and a record type, gives the records as text: TXT with its strings joined, MX as "10 mx.example", names
# without the final dot, no order. Raises TemporaryFailure.
Resolver = Callable[[str, str], list[str]]

TYPES = frozenset({"A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "TXT"})
QUERY_SECONDS = 2.0
TOTAL_SECONDS = 5.0
IN_FLIGHT = 64
MOST_RECORDS = 100
# DNS Flag Day 2020: what passes every path without fragments. Longer answers come by TCP.
_UDP_OCTETS = 1232
_LEAST_TTL, _MOST_TTL = 5.0, 3600.0
_NOTHING_TTL = 60.0
_FAILURE_TTL = 5.0  # RFC 9520, section 3.2: a failure is remembered too, so that a dead zone is not asked without end
_CACHE_SIZE = 10_000
_CACHED_LENGTH = 4096
_LOCAL = {"A": ["127.0.0.1"], "AAAA": ["::1"]}


class TemporaryFailure(Exception):
    """No server answered in time, or those that did could not say (SERVFAIL, REFUSED). Ask again later."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where to ask: an IP address and a port."""

    address: str
    port: int = 53


def parse_server(text: str) -> Server:
    """``192.0.2.1``, ``192.0.2.1:5353``, ``[2001:db8::1]:53``, ``localhost:53``. Raises ValueError, which says why."""
    host, port = _split(text.strip())
    address = "127.0.0.1" if host == "localhost" else host
    if parse_address(address) is None:
        raise ValueError(f"{text!r} does not begin with an IP address (write an IPv6 one as [2001:db8::1]:53)")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise ValueError(f"{text!r} does not end in a port between 1 and 65535")
    return Server(address, int(port))


def _split(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest.removeprefix(":") if rest.startswith(":") else (rest or "53")
    if text.count(":") > 1:  # an IPv6 address alone
        return text, "53"
    host, colon, port = text.partition(":")
    return host, port if colon else "53"


@lru_cache(8)
def shared(servers: tuple[Server, ...] = ()) -> Dns:
    """This process's one resolver for these servers (none: the system's), with its cache and its limit."""
    return Dns(servers)


class Dns:
    """Asks DNS; an instance is a Resolver, and threads may share it. Times are in seconds.

    A call takes ``total_seconds`` at most, waiting for its turn or for another's answer included; each question to a
    server ``query_seconds``, then the next server or the same again. No more than ``in_flight`` questions are out at
    once, and none of them twice.
    """

    def __init__(
        self,
        servers: Sequence[Server] = (),
        *,
        query_seconds: float = QUERY_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
        in_flight: int = IN_FLIGHT,
        cache_size: int = _CACHE_SIZE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._servers = tuple(servers)
        self._query_seconds, self._total_seconds = query_seconds, total_seconds
        self._turns = threading.BoundedSemaphore(in_flight)
        self._cache = _Cache(cache_size, now)
        self._flights = _Flights()
        self._asking: dns.resolver.Resolver | None = None

    def __call__(self, name: str, rdtype: str) -> list[str]:
        """The records, as they were some time ago where their TTL allows. Raises TemporaryFailure."""
        question, until = (_key(name), rdtype), time.monotonic() + self._total_seconds
        while (kept := self._cache.get(question)) is None:
            flight, is_ours = self._flights.board(question, until)
            if is_ours:
                return self._fly(question, flight, until).given()
            # A flight that landed without an outcome: whoever asked was interrupted, so one of those who wait asks.
            if not flight.landed.wait(max(until - time.monotonic(), 0.0)):
                raise TemporaryFailure(f"DNS did not answer within {self._total_seconds:g} s")
            if flight.outcome is not None:
                return flight.outcome.given()
        return kept.given()

    def peek(self, name: str, rdtype: str) -> list[str] | None:
        """What is kept, without asking anybody; None where nothing is. Raises a TemporaryFailure that is kept."""
        kept = self._cache.get((_key(name), rdtype))
        return None if kept is None else kept.given()

    def fresh(self, name: str, rdtype: str) -> list[str]:
        """The records as they are now, whatever is kept or being asked: for somebody who has just changed them."""
        return self._look_up((_key(name), rdtype), time.monotonic() + self._total_seconds).given()

    def _fly(self, question: _Question, flight: _Flight, until: float) -> _Kept:
        try:
            # Once more: another's answer may have landed between our look and our boarding.
            flight.outcome = self._cache.get(question) or self._look_up(question, until)
            return flight.outcome
        except TemporaryFailure as failure:
            flight.outcome = _Kept([], str(failure), 0.0)
            raise
        finally:
            self._flights.land(question, flight)

    def _look_up(self, question: _Question, until: float) -> _Kept:
        name, rdtype = question
        if rdtype not in TYPES:
            raise ValueError(f"{rdtype} is not asked for here")
        if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, section 6.3: never sent to a server
            return _Kept(list(_LOCAL.get(rdtype, [])), "", 0.0)
        try:
            found = dns.name.from_text(f"{name}.")
        except (dns.exception.DNSException, UnicodeError):  # longer than DNS takes: it cannot exist
            return _Kept([], "", 0.0)
        return self._cache.put(question, self._ask(found, rdtype, until))

    def _ask(self, name: dns.name.Name, rdtype: str, until: float) -> _Kept:
        if not self._turns.acquire(timeout=max(until - time.monotonic(), 0.0)):
            # Not for the cache: it says nothing about this name.
            raise TemporaryFailure("too many questions wait for DNS already")
        try:
            return self._answer(name, rdtype, max(until - time.monotonic(), 0.01))
        finally:
            self._turns.release()

    def _answer(self, name: dns.name.Name, rdtype: str, seconds: float) -> _Kept:
        try:
            answer = self._resolver().resolve(name, rdtype, raise_on_no_answer=False, lifetime=seconds, search=False)
        except dns.resolver.NXDOMAIN:
            return _Kept([], "", _NOTHING_TTL)
        except dns.exception.Timeout:
            return _Kept([], f"DNS did not answer within {self._total_seconds:g} s", _FAILURE_TTL)
        except (dns.exception.DNSException, OSError, EOFError, ValueError) as error:
            return _Kept([], f"DNS gave no usable answer ({type(error).__name__})", _FAILURE_TTL)
        if answer.rrset is None:
            return _Kept([], "", _NOTHING_TTL)
        records = [_text(rdata, rdtype) for _, rdata in zip(range(MOST_RECORDS), answer.rrset, strict=False)]
        return _Kept(records, "", min(max(float(answer.rrset.ttl), _LEAST_TTL), _MOST_TTL))

    def _resolver(self) -> dns.resolver.Resolver:
        """Made at the first question, since a machine without a resolver may still start. A race makes two alike."""
        if self._asking is None:
            made = dns.resolver.Resolver(configure=not self._servers)
            if self._servers:
                made.nameservers = [dns.nameserver.Do53Nameserver(one.address, one.port) for one in self._servers]
            made.timeout = self._query_seconds
            made.use_edns(0, 0, _UDP_OCTETS)
            self._asking = made
        return self._asking


def _key(name: str) -> str:
    return name.lower().removesuffix(".")


def _text(rdata: Any, rdtype: str) -> str:
    if rdtype == "TXT":
        return b"".join(rdata.strings).decode("utf-8", "replace")
    if rdtype == "MX":
        return f"{rdata.preference} {rdata.exchange.to_text(omit_final_dot=True)}"
    if rdtype in ("A", "AAAA"):
        return str(rdata.address)
    if rdtype in ("CNAME", "NS", "PTR"):
        return str(rdata.target.to_text(omit_final_dot=True))
    return str(rdata.to_text())


@dataclass(frozen=True, slots=True)
class _Kept:
    records: list[str]
    problem: str
    seconds: float

    def given(self) -> list[str]:
        if self.problem:
            raise TemporaryFailure(self.problem)
        return list(self.records)


_Question = tuple[str, str]


class _Flight:
    """A question that is out; ``outcome`` is there once it ``landed``, unless whoever asked was interrupted."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.landed = threading.Event()
        self.outcome: _Kept | None = None


class _Flights:
    """The questions that are out, each once."""

    def __init__(self) -> None:
        self._out: dict[_Question, _Flight] = {}
        self._lock = threading.Lock()

    def board(self, question: _Question, until: float) -> tuple[_Flight, bool]:
        """The flight that is out with this question, or a new one, which the caller then has to fly by ``until``.

        One that is out past its time is given up: a signal can end its thread's work before anything notices.
        """
        with self._lock:
            flight = self._out.get(question)
            if flight is not None and time.monotonic() < flight.until:
                return flight, False
            self._out[question] = flight = _Flight(until)
            return flight, True

    def land(self, question: _Question, flight: _Flight) -> None:
        """To be called whatever came of it."""
        with self._lock:
            if self._out.get(question) is flight:
                del self._out[question]
        flight.landed.set()


class _Cache:
    """Answers until they are too old; the one that was used longest ago gives way."""

    def __init__(self, most: int, now: Callable[[], float]) -> None:
        self._most, self._now = most, now
        self._kept: OrderedDict[_Question, tuple[_Kept, float]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: _Question) -> _Kept | None:
        with self._lock:
            found = self._kept.get(key)
            if found is None or found[1] <= self._now():
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: _Question, kept: _Kept) -> _Kept:
        with self._lock:
            self._kept.pop(key, None)
            if sum(map(len, kept.records)) <= _CACHED_LENGTH:
                self._kept[key] = kept, self._now() + kept.seconds
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return kept
