"""The doors that the load generator knocks at: one kept-open connection each, one mail at a time on it.

Decides how a mail is put to each door and what its answer means; nothing about the mails. Raw sockets, so that it takes
as little as possible of the cores that it shares with the system.
"""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from postbox.bench.names import CLIENT, HELO, SENDER

_TIMEOUT = 30.0


class Unanswered(Exception):
    """The connection ended before the answer was complete."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a mail: the ids of its messages, or why there are none. ``again``: it may be sent once more."""

    ids: tuple[str, ...]
    again: bool = False
    reason: str = ""


class Door:
    """A connection: a mail is written whole, its answer read when it comes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._buffer = b""
        self.socket = self._connect()
        self.number = -1
        self.started = 0.0

    def send(self, number: int, mail: bytes) -> None:
        """Begin with one mail. Raises OSError when the connection is dead."""
        self.number, self.started = number, time.monotonic()
        self._send(mail)

    def read(self) -> Answer | None:
        """What has come: the answer once it is complete, else None. Raises Unanswered."""
        data = self.socket.recv(65536)
        if not data:
            raise Unanswered("the server closed the connection")
        self._buffer += data
        return self._answer()

    def answer(self) -> Answer:
        """Wait for the answer."""
        while (answer := self.read()) is None:
            pass
        return answer

    def reconnect(self) -> None:
        """A new connection in place of the dead one."""
        self.socket.close()
        self._buffer = b""
        self.socket = self._connect()

    def _send(self, mail: bytes) -> None:
        raise NotImplementedError

    def _answer(self) -> Answer | None:
        raise NotImplementedError

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=_TIMEOUT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


class IngestDoor(Door):
    """``POST /ingest``."""

    def __init__(self, port: int, key: str, address: str) -> None:
        super().__init__(port)
        self._head = (
            f"POST /ingest HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: message/rfc822\r\n"
            f"x-agentpack-key: {key}\r\nx-postbox-mail-from: {SENDER}\r\nx-postbox-rcpt-to: {address}\r\n"
            f"x-postbox-client-ip: {CLIENT}\r\nx-postbox-helo: {HELO}\r\nContent-Length: "
        ).encode()

    def _send(self, mail: bytes) -> None:
        self.socket.sendall(b"%b%d\r\n\r\n%b" % (self._head, len(mail), mail))

    def _answer(self) -> Answer | None:
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        body = answer_body(head.lower(), rest) if separator else None
        if body is None:
            return None
        self._buffer = b""
        status = int(head[9:12])
        if status == 202 and (rows := json.loads(body)["messages"]):
            return Answer(tuple(row["id"] for row in rows))
        reason = f"status {status}: {body[:200].decode('utf-8', 'replace')}"
        return Answer((), status in (429, 503), reason)


class LmtpDoor(Door):
    """LMTP as Postfix speaks it: MAIL, RCPT and DATA in one go (RFC 2920), the mail once it was asked for."""

    def __init__(self, port: int, address: str) -> None:
        self._envelope = f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{address}>\r\nDATA\r\n".encode()
        self._mail = b""
        self._refusal = b""
        super().__init__(port)

    def _connect(self) -> socket.socket:
        connection = super()._connect()
        for command in (b"", b"LHLO bench.example\r\n"):
            connection.sendall(command)
            while not _LAST_LINE.search(connection.recv(4096)):
                continue
        return connection

    def _send(self, mail: bytes) -> None:
        whole = mail.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n.", b"\n..").replace(b"\n", b"\r\n")
        self._mail = whole + (b".\r\n" if whole.endswith(b"\r\n") else b"\r\n.\r\n")
        self.socket.sendall(self._envelope)

    def _answer(self) -> Answer | None:
        while b"\r\n" in self._buffer:
            reply, _, self._buffer = self._buffer.partition(b"\r\n")
            if reply.startswith(b"354"):
                self.socket.sendall(self._mail)
                self._mail = b""
            elif self._mail and reply[:1] in b"45":  # of the envelope; DATA has the last word
                self._refusal = self._refusal or reply
                if reply.startswith(b"503"):
                    return self._refused()
            elif not self._mail:
                return Answer((found[1].decode(),)) if (found := _STORED.match(reply)) else self._no(reply)
        return None

    def _refused(self) -> Answer:
        reply, self._refusal, self._mail = self._refusal, b"", b""
        self.socket.sendall(b"RSET\r\n")
        while not _LAST_LINE.search(self._buffer):
            self._buffer += self.socket.recv(4096)
        self._buffer = b""
        return self._no(reply)

    def _no(self, reply: bytes) -> Answer:
        return Answer((), reply.startswith(b"4"), reply[:200].decode("utf-8", "replace"))


_LAST_LINE = re.compile(rb"(?:^|\n)\d{3} [^\n]*\n\Z")
_STORED = re.compile(rb"250 2\.1\.5 Stored as (\S+)")


def opened(task: Mapping[str, Any]) -> Door:
    """A connection to the door that the task names."""
    if task.get("door") == "lmtp":
        return LmtpDoor(task["lmtp_port"], task["address"])
    return IngestDoor(task["port"], task["key"], task["address"])


def answer_body(head: bytes, rest: bytes) -> bytes | None:
    """The body of an answer whose head and first octets are here (RFC 9112, section 6); None while some is missing."""
    if b"\r\ntransfer-encoding: chunked" not in head:
        length = int(head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0] or 0)
        return rest if len(rest) >= length else None
    body = b""
    while True:
        size, separator, rest = rest.partition(b"\r\n")
        octets = int(size, 16) if separator else 0
        if not separator or len(rest) < octets + 2:
            return None
        if not octets:
            return body
        body, rest = body + rest[:octets], rest[octets + 2 :]
