"""Requests to addresses that strangers name: what may be reached, and a POST or GET that cannot be led astray.

Decides, at every attempt and after resolving, whether a URL may be reached: https, or http where loopback is allowed
and meant; no userinfo; every address that the name has must be globally routable. The connection goes to the very
address that was checked, with the URL's own Host and SNI, and the certificate is verified against its name. No redirect
is followed. It never retries a POST that was answered, and never logs a URL: query and path may hold secrets.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import urlsplit

from postbox.lib import resolver as resolving
from postbox.lib.http1 import BadAnswer, Connection, ConnectionLost, Deadline, Head, Reply, Unreachable, connect
from postbox.lib.idle import Idle, Key
from postbox.lib.routable import Address, is_loopback, is_routable, parse_address

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
MAX_URL = 2000
# A name's addresses are asked for again when the answer is older than this, also for kept-open connections.
FRESH_SECONDS = 3.0
_MAX_NAMES = 4096
_MAX_ADDRESSES = 4
_UNFIT = re.compile(r"[^\x21-\x7e]|\\")
_HOST = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


class Trouble(StrEnum):
    """Why no answer came."""

    URL = "url_invalid"
    SCHEME = "scheme_refused"
    USERINFO = "userinfo_refused"
    LOOPBACK = "loopback_refused"
    ADDRESS = "address_refused"
    DNS = "dns_failed"
    CONNECT = "connect_failed"
    TLS = "tls_failed"
    TIMEOUT = "timeout"
    LOST = "connection_lost"
    BAD_ANSWER = "bad_answer"


class Refused(Exception):
    """The URL may not be reached. The text holds no part of it but the host."""

    def __init__(self, trouble: Trouble, text: str) -> None:
        super().__init__(text)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart: ``host`` lower case without brackets, ``authority`` as in Host, ``path`` with its query."""

    scheme: str
    host: str
    port: int
    authority: str
    path: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: ``status`` 0 and ``trouble`` when nothing did. ``body`` is at most its first 16 KiB."""

    status: int
    trouble: Trouble | None
    seconds: float
    retry_after: str = ""
    body: bytes = b""


@lru_cache(1024)
def parse(url: str) -> Target:
    """Take a URL apart. Raises Refused for what no resolving can mend."""
    if len(url) > MAX_URL or _UNFIT.search(url):
        raise Refused(Trouble.URL, f"The URL is longer than {MAX_URL} or holds what a URL cannot.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused(Trouble.URL, "The URL is malformed.") from error
    if parts.scheme not in {"https", "http"}:
        raise Refused(Trouble.SCHEME, "Only https is taken.")
    if "@" in parts.netloc:
        raise Refused(Trouble.USERINFO, "The URL holds a user name or password.")
    host = (parts.hostname or "").rstrip(".")
    literal = parse_address(host)
    if literal is None and not _is_name(host):
        raise Refused(Trouble.URL, "The host is neither a name (in its xn-- form) nor an address in its usual form.")
    if port == 0:
        raise Refused(Trouble.URL, "The port is 0.")
    shown = f"[{host}]" if literal is not None and literal.version == 6 else host
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    default = 443 if parts.scheme == "https" else 80
    authority = shown if port in (None, default) else f"{shown}:{port}"
    return Target(parts.scheme, host, port or default, authority, path)


def _is_name(host: str) -> bool:
    """A name whose last label is a number is an address written oddly (127.1, 0x7f000001), by the WHATWG URL rules."""
    return bool(_HOST.fullmatch(host)) and not _NUMBER.fullmatch(host.rpartition(".")[2])


class Client:
    """POSTs over kept-open connections; one serves every thread of a process.

    ``allow_loopback`` lets http and https go to loopback, for development. ``resolver`` and ``tls`` are for tests and
    for operators with their own; ``tls`` must verify.
    """

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        resolver: resolving.Resolver = resolving.system,
        tls: ssl.SSLContext | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
        fresh_seconds: float = FRESH_SECONDS,
    ) -> None:
        self._allow_loopback = allow_loopback
        self._resolver = resolver
        self._tls = tls or ssl.create_default_context()
        self._connect_seconds, self._total_seconds, self._fresh_seconds = connect_seconds, total_seconds, fresh_seconds
        self._known: dict[tuple[str, str], tuple[list[str], float]] = {}
        self._idle = Idle()

    def check(self, url: str) -> Target:
        """Resolve and judge a URL as a POST would. Raises Refused."""
        target = parse(url)
        self._vetted(target)
        return target

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST ``body``; never raises for what the other side or the network does.

        A kept-open connection that turns out closed before any answer is replaced once by a fresh one; the other side
        may then have seen the request twice, so only use this for what may be repeated (webhooks are at least once).
        """
        return self._ask(url, lambda target: Head.post(target.path, target.authority, headers, len(body)) + body)

    def get(self, url: str) -> Answer:
        """GET a small thing (16 KiB are kept); never raises for what the other side or the network does."""
        return self._ask(url, lambda target: Head.get(target.path, target.authority))

    def _ask(self, url: str, request: Callable[[Target], bytes]) -> Answer:
        started = time.monotonic()
        try:
            target = parse(url)
            addresses = self._vetted(target)
            until = Deadline(started + self._total_seconds)
            reply = self._exchange(target, addresses, request(target), until)
        except Refused as error:
            return Answer(0, error.trouble, time.monotonic() - started)
        except TimeoutError:
            return Answer(0, Trouble.TIMEOUT, time.monotonic() - started)
        except Unreachable as error:
            return Answer(0, Trouble.TLS if error.in_tls else Trouble.CONNECT, time.monotonic() - started)
        except ConnectionLost:
            return Answer(0, Trouble.LOST, time.monotonic() - started)
        except BadAnswer:
            return Answer(0, Trouble.BAD_ANSWER, time.monotonic() - started)
        return Answer(reply.status, None, time.monotonic() - started, reply.retry_after, reply.body)

    def close(self) -> None:
        """Close every kept-open connection."""
        self._idle.close()

    def _vetted(self, target: Target) -> list[str]:
        """The addresses of the target, all of which may be reached; asked for anew every FRESH_SECONDS."""
        key = (target.scheme, target.host)
        known = self._known.get(key)
        if known and known[1] > time.monotonic():
            return known[0]
        addresses = self._judged(target)
        if len(self._known) >= _MAX_NAMES:
            self._known.clear()
        self._known[key] = (addresses, time.monotonic() + self._fresh_seconds)
        return addresses

    def _judged(self, target: Target) -> list[str]:
        texts = self._resolve(target.host)
        addresses = [parse_address(text) for text in texts]
        if not addresses:
            raise Refused(Trouble.DNS, f"{target.host} has no address.")
        if any(address is None or not self._may_reach(address) for address in addresses):
            looped = all(address is not None and is_loopback(address) for address in addresses)
            raise Refused(
                Trouble.LOOPBACK if looped else Trouble.ADDRESS,
                f"{target.host} has an address that is not on the public Internet.",
            )
        if target.scheme == "http" and not all(address and is_loopback(address) for address in addresses):
            raise Refused(Trouble.SCHEME, "http is taken for loopback only, elsewhere use https.")
        return texts[:_MAX_ADDRESSES]

    def _may_reach(self, address: Address) -> bool:
        return is_routable(address) or (self._allow_loopback and is_loopback(address))

    def _resolve(self, host: str) -> list[str]:
        if (literal := parse_address(host)) is not None:
            return [str(literal)]
        try:
            return self._resolver(host)
        except resolving.ResolutionFailed as error:
            raise Refused(Trouble.DNS, f"{host} does not resolve: {error}") from error

    def _exchange(self, target: Target, addresses: list[str], request: bytes, deadline: Deadline) -> Reply:
        keys = [(target.scheme, target.host, target.port, address) for address in addresses]
        for key in keys:
            if (kept := self._idle.take(key)) is None:
                continue
            try:
                return self._on(kept, key, request, deadline)
            except ConnectionLost as error:
                if error.answered:
                    raise
                break
        deadline.check()
        key, fresh = self._connect(target, keys, deadline)
        return self._on(fresh, key, request, deadline)

    def _on(self, connection: Connection, key: Key, request: bytes, deadline: Deadline) -> Reply:
        try:
            reply = connection.exchange(request, deadline)
        except BaseException:
            connection.close()
            raise
        if reply.keep:
            self._idle.put(key, connection)
        else:
            connection.close()
        return reply

    def _connect(self, target: Target, keys: list[Key], deadline: Deadline) -> tuple[Key, Connection]:
        """Connect to the first address that answers; each has an even share of the time that is left."""
        until = deadline.sooner(self._connect_seconds)
        tls = self._tls if target.scheme == "https" else None
        for left in range(len(keys), 0, -1):
            key = keys[-left]
            try:
                return key, connect(key[3], target.port, until.share(left), tls=tls, name=target.host)
            except (Unreachable, TimeoutError):
                if left == 1:
                    raise
        raise Unreachable("no address")
