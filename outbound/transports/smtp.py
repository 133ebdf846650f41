"""A relay by SMTP (RFC 5321): kept-open connections, TLS, pipelined transactions (RFC 2920).

Decides what an answer means: 2xx taken, 4xx for now, 5xx for good, and silence after the mail's end unknown. It tries
no mail twice by itself: a mail of which the end was sent is never sent again, one of which it was not is tried later.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from outbound.transports.base import Answer, Letter, Outcome, Result, same

name = "smtp"

CONNECT_SECONDS = 15.0
# RFC 5321, section 4.5.3.2 allows ten minutes at the end of a mail; a lease is shorter, and a relay is ours.
ANSWER_SECONDS = 30.0
IDLE_SECONDS = 20.0
_BARE = re.compile(rb"\r?\n|\r")
_GONE = (421, -1)
_LOST = (smtplib.SMTPException, OSError)


@dataclass(frozen=True, slots=True)
class Relay:
    """Where mail is handed over. ``tls``: ``implicit``, ``required`` (STARTTLS) or ``off``."""

    host: str
    port: int
    tls: str = "required"
    user: str = ""
    password: str = ""
    ca: str = ""
    helo: str = ""


def relay_of(url: str) -> Relay:
    """``smtp://user:password@host:port?tls=off&ca=FILE&helo=NAME``; ``smtps://`` is TLS from the first octet on.

    ValueError where it is not.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    tls = "implicit" if parts.scheme == "smtps" else options.pop("tls", "required")
    ca, helo = options.pop("ca", ""), options.pop("helo", "")
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("it must be smtp://host:port or smtps://host:port")
    if tls not in {"implicit", "required", "off"} or options:
        raise ValueError("its options are tls=required or tls=off, ca=FILE and helo=NAME")
    if parts.username and tls == "off" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise ValueError("a password must not go over a connection without TLS")
    port = parts.port or (465 if tls == "implicit" else 587)
    return Relay(parts.hostname, port, tls, unquote(parts.username or ""), unquote(parts.password or ""), ca, helo)


class Smtp:
    """Connections to a relay, one for each thread that ships, opened when there is mail and kept for the next that
    comes soon.
    """

    name = name

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._context = None if relay.tls == "off" else _context(relay)
        self._lock = threading.Lock()
        self._free: list[tuple[_Session, float]] = []

    def ship(self, letters: Sequence[Letter]) -> Iterator[Result]:
        """Hand letters over, one transaction after the other, the next one's envelope with each mail's end."""
        left = deque(letters)
        session: _Session | None = None
        is_whole = False
        try:
            while left:
                letter = left.popleft()
                try:
                    session = session or self._ready()
                    answers = session.hand_over(letter, left[0] if left else None)
                except _LOST as error:
                    is_unknown = session is not None and session.ended
                    yield same(letter, Outcome.UNKNOWN if is_unknown else Outcome.TEMPORARY, *_said(error))
                    yield from (same(one, Outcome.TEMPORARY, *_said(error)) for one in left)
                    return
                yield Result(letter.id, answers)
            is_whole = True
        finally:
            if session is not None:
                self._give_back(session, is_whole)

    def close(self) -> None:
        while (session := self._kept()) is not None:
            session.smtp.close()

    def _ready(self) -> _Session:
        while (session := self._kept()) is not None:
            with contextlib.suppress(*_LOST):
                session.look()
                return session
            session.smtp.close()
        return _Session(_connect(self._relay, self._context))

    def _kept(self) -> _Session | None:
        """The session that was used last; where that was too long ago, it and all others are closed."""
        with self._lock:
            if self._free and time.monotonic() - self._free[-1][1] < IDLE_SECONDS:
                return self._free.pop()[0]
            stale, self._free = self._free, []
        for session, _ in stale:
            session.smtp.close()
        return None

    def _give_back(self, session: _Session, is_whole: bool) -> None:
        if not is_whole:
            session.smtp.close()
            return
        with self._lock:
            self._free.append((session, time.monotonic()))


class _Session:
    """A connection that is ready for mail. ``ended``: the end of the last mail was sent, and not answered yet."""

    def __init__(self, smtp: smtplib.SMTP) -> None:
        self.smtp = smtp
        self.ended = False
        self._pipelines = bool(smtp.has_extn("pipelining"))
        self._ahead: Letter | None = None
        self._is_open = False

    def look(self) -> None:
        """Raise unless the server is still there."""
        self._exchange(b"NOOP\r\n")

    def hand_over(self, letter: Letter, following: Letter | None) -> tuple[Answer, ...]:
        """One transaction; where the server pipelines, the envelope of the next is sent with this mail's end."""
        self.ended = False
        if self._is_open:  # the last transaction was refused half way
            self._exchange(b"RSET\r\n")
        self._is_open = True
        answers, wants_data = self._announce(letter, _commands(letter))
        if not wants_data:
            return answers
        has_taken = any(answer.outcome == Outcome.ACCEPTED for answer in answers)
        self._ahead = following if self._pipelines else None
        next_envelope = b"".join(_commands(self._ahead)) if self._ahead else b""
        self.ended = has_taken
        self._send((_data(letter.raw) if has_taken else b".\r\n") + next_envelope)
        reply = self.smtp.getreply()
        if reply[0] == -1:
            raise smtplib.SMTPServerDisconnected("no answer to the mail's end")
        self.ended = self._is_open = False
        return tuple(_answer(a.address, reply) if a.outcome == Outcome.ACCEPTED else a for a in answers)

    def _announce(self, letter: Letter, commands: Sequence[bytes]) -> tuple[tuple[Answer, ...], bool]:
        """MAIL, RCPT and DATA: what was said of each recipient, and whether the server waits for the mail."""
        if self._pipelines and self._ahead is not letter:
            self._send(b"".join(commands))
        self._ahead = None
        sender = self._reply_to(commands[0])
        if sender[0] != 250 and not self._pipelines:
            return tuple(_answer(address, sender) for address in letter.addresses), False
        replies = [self._reply_to(command) for command in commands[1:-1]]
        replies = replies if sender[0] == 250 else [sender] * len(replies)
        answers = tuple(_answer(address, reply) for address, reply in zip(letter.addresses, replies, strict=True))
        if not self._pipelines and all(answer.outcome != Outcome.ACCEPTED for answer in answers):
            return answers, False
        data = self._reply_to(commands[-1])
        if data[0] == 354:
            return answers, True
        return tuple(_answer(a.address, data) if a.outcome == Outcome.ACCEPTED else a for a in answers), False

    def _reply_to(self, command: bytes) -> tuple[int, bytes]:
        if not self._pipelines:
            return self._exchange(command)
        return self._read()

    def _exchange(self, command: bytes) -> tuple[int, bytes]:
        self._send(command)
        return self._read()

    def _read(self) -> tuple[int, bytes]:
        code, text = self.smtp.getreply()
        if code in _GONE:
            raise smtplib.SMTPServerDisconnected(f"{code} {text.decode('utf-8', 'replace')}")
        return code, text

    def _send(self, octets: bytes) -> None:
        if self.smtp.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        self.smtp.sock.sendall(octets)


def _commands(letter: Letter) -> list[bytes]:
    sender = f"MAIL FROM:<{letter.mail_from}>\r\n".encode()
    return [sender, *(f"RCPT TO:<{address}>\r\n".encode() for address in letter.addresses), b"DATA\r\n"]


def _data(raw: bytes) -> bytes:
    """Dot-stuffed, with CRLF line ends, and the end of the mail (RFC 5321, section 4.5.2)."""
    line_ends = raw.count(b"\r\n")
    lines = raw if raw.count(b"\r") == raw.count(b"\n") == line_ends else _BARE.sub(b"\r\n", raw)
    lines = lines.replace(b"\n.", b"\n..")
    lines = b"." + lines if lines.startswith(b".") else lines
    return lines + (b".\r\n" if lines.endswith(b"\r\n") else b"\r\n.\r\n")


def _answer(address: str, reply: tuple[int, bytes]) -> Answer:
    code, text = reply
    words = " ".join(text.decode("utf-8", "replace").split())
    outcome = Outcome.PERMANENT if code >= 500 else Outcome.TEMPORARY if code >= 300 else Outcome.ACCEPTED
    return Answer(address, outcome if code > 0 else Outcome.TEMPORARY, str(code), words[:500])


def _said(error: Exception) -> tuple[str, str]:
    """A code and words for what broke."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return str(error.smtp_code), text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    code = {socket.gaierror: "host_unknown", ssl.SSLError: "tls_failed", ConnectionRefusedError: "refused"}
    for kind, word in code.items():
        if isinstance(error, kind):
            return word, str(error)[:300]
    word = "timeout" if isinstance(error, TimeoutError) else "connection_lost"
    return word, f"{type(error).__name__}: {error}"[:300]


def _connect(relay: Relay, context: ssl.SSLContext | None) -> smtplib.SMTP:
    """A session that is greeted, secured and logged in. Raises SMTPException, OSError."""
    helo = relay.helo or None
    if relay.tls == "implicit":
        session: smtplib.SMTP = smtplib.SMTP_SSL(
            relay.host, relay.port, local_hostname=helo, timeout=CONNECT_SECONDS, context=context
        )
    else:
        session = smtplib.SMTP(relay.host, relay.port, local_hostname=helo, timeout=CONNECT_SECONDS)
    try:
        if relay.tls == "required":
            session.starttls(context=context)
        session.ehlo_or_helo_if_needed()
        if relay.user:
            session.login(relay.user, relay.password)
        if session.sock is not None:
            session.sock.settimeout(ANSWER_SECONDS)
            session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        session.close()
        raise
    return session


def _context(relay: Relay) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=relay.ca or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
