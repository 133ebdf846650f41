"""The load generator: mails through ``POST /ingest`` over a few kept-open connections, as fast as they are taken.

Decides nothing about the mails. One request at a time on each connection, raw sockets and one thread, so that it
takes as little as possible of the cores that it shares with the system. Run as ``python -m postbox.bench.load``.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from postbox.bench import mix
from postbox.bench.children import serve_task

TRIES = 50
_PAUSE = 0.1
_TIMEOUT = 30.0


class Unanswered(Exception):
    """The connection ended before the answer was complete."""


class Door:
    """One kept-open connection to ``/ingest``: requests are written whole, answers read when they come."""

    def __init__(self, port: int, key: str, address: str) -> None:
        self._port = port
        self._head = (
            f"POST /ingest HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: message/rfc822\r\n"
            f"x-agentpack-key: {key}\r\nx-postbox-mail-from: bench@example.net\r\nx-postbox-rcpt-to: {address}\r\n"
            "Content-Length: "
        ).encode()
        self._buffer = b""
        self.socket = self._connect()
        self.number = -1
        self.started = 0.0

    def send(self, number: int, mail: bytes) -> None:
        """Write one request. Raises OSError when the connection is dead."""
        self.number, self.started = number, time.monotonic()
        self.socket.sendall(b"%b%d\r\n\r\n%b" % (self._head, len(mail), mail))

    def read(self) -> tuple[int, bytes] | None:
        """What has come: status and body once the answer is complete, else None. Raises Unanswered."""
        data = self.socket.recv(65536)
        if not data:
            raise Unanswered("the server closed the connection")
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        body = answer_body(head.lower(), rest) if separator else None
        if body is None:
            return None
        self._buffer = b""
        return int(head[9:12]), body

    def answer(self) -> tuple[int, bytes]:
        """Wait for the answer."""
        while (answer := self.read()) is None:
            pass
        return answer

    def reconnect(self) -> None:
        """A new connection in place of the dead one."""
        self.socket.close()
        self._buffer = b""
        self.socket = self._connect()

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=_TIMEOUT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


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


class Load:
    """All connections and the mails that are still to be sent."""

    def __init__(self, doors: list[Door], mails: mix.Mix, numbers: range) -> None:
        self._doors = doors
        self._mails = mails
        self._left = deque(numbers)
        self._tries: dict[int, int] = {}
        self._selector = selectors.DefaultSelector()
        self._busy: set[Door] = set()
        self.answered: list[tuple[str, float, float]] = []
        self.failures: list[str] = []
        self.retries = 0

    def run(self) -> dict[str, Any]:
        """Send everything. ``answered`` holds [message id, request begun, answer complete], in monotonic seconds."""
        began = time.process_time()
        for door in self._doors:
            self._selector.register(door.socket, selectors.EVENT_READ, door)
            self._next(door)
        while self._busy:
            ready = self._selector.select(_TIMEOUT)
            if not ready:
                self._drop_all("no answer within the time")
            for key, _ in ready:
                self._read(key.data)
        return {
            "answered": self.answered,
            "failures": self.failures[:100],
            "failed": len(self.failures),
            "retries": self.retries,
            "cpu_seconds": time.process_time() - began,
        }

    def _next(self, door: Door) -> None:
        self._busy.discard(door)
        while self._left:
            number = self._left.popleft()
            try:
                door.send(number, self._mails.mail(number))
            except OSError as error:
                self._again(door, number, str(error))
                continue
            self._busy.add(door)
            return

    def _read(self, door: Door) -> None:
        try:
            answer = door.read()
        except (OSError, Unanswered) as error:
            self._again(door, door.number, str(error))
        else:
            if answer is None:
                return
            self._take(door, *answer)
        self._next(door)

    def _take(self, door: Door, status: int, body: bytes) -> None:
        stored = json.loads(body)["messages"] if status == 202 else []
        if stored:
            now = time.monotonic()
            self.answered += [(row["id"], door.started, now) for row in stored]
        elif status in (429, 503):
            time.sleep(_PAUSE)
            self._retry(door.number, f"status {status}")
        else:
            self.failures.append(f"mail {door.number}: status {status}: {body[:200].decode('utf-8', 'replace')}")

    def _again(self, door: Door, number: int, reason: str) -> None:
        """The connection died: a new one, and the same mail once more."""
        self._selector.unregister(door.socket)
        for attempt in range(TRIES):
            try:
                door.reconnect()
                break
            except OSError:
                if attempt == TRIES - 1:
                    raise
                time.sleep(_PAUSE)
        self._selector.register(door.socket, selectors.EVENT_READ, door)
        self._retry(number, reason)

    def _retry(self, number: int, reason: str) -> None:
        self.retries += 1
        self._tries[number] = self._tries.get(number, 0) + 1
        if self._tries[number] < TRIES:
            self._left.append(number)
        else:
            self.failures.append(f"mail {number}: {reason}, {TRIES} times")

    def _drop_all(self, reason: str) -> None:
        for door in list(self._busy):
            self._again(door, door.number, reason)
            self._next(door)


def prepare(task: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Open the connections; what is returned sends the mails."""
    doors = [Door(task["port"], task["key"], task["address"]) for _ in range(task["connections"])]
    numbers = range(task["first"], task["first"] + task["count"])
    return Load(doors, mix.load(), numbers).run


if __name__ == "__main__":
    serve_task(prepare)
