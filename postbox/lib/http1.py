"""One HTTP/1.1 exchange on one connection, within a time and a size (RFC 9112).

Decides that the whole exchange ends by its deadline however slowly the other side drips, and how much of an answer is
read. The answer is parsed by http.client. It never decides where to connect (postbox.lib.egress does).
"""

from __future__ import annotations

import http.client
import io
import select
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

# Of headers and body together; what is longer is not read on and its connection not used again.
READ_BYTES = 64 * 1024
KEPT_BYTES = 16 * 1024
_SEND_BYTES = 64 * 1024
_SKIPPED_BYTES = 8 * 1024


class Unreachable(Exception):
    """No connection: the address refused, or TLS failed (``in_tls``)."""

    def __init__(self, text: str, *, in_tls: bool = False) -> None:
        super().__init__(text)
        self.in_tls = in_tls


class ConnectionLost(Exception):
    """The connection ended before the answer did; ``answered`` when a part of it had come."""

    def __init__(self, *, answered: bool) -> None:
        super().__init__("connection lost")
        self.answered = answered


class BadAnswer(Exception):
    """What came is not an HTTP answer, or its headers are too long."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point of the monotonic clock. ``left`` raises TimeoutError when it has passed."""

    at: float

    def left(self) -> float:
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def check(self) -> None:
        self.left()

    def sooner(self, seconds: float) -> Deadline:
        """The earlier of this and ``seconds`` from now."""
        return Deadline(min(self.at, time.monotonic() + seconds))

    def share(self, count: int) -> Deadline:
        """A deadline after one of ``count`` even shares of what is left."""
        return Deadline(time.monotonic() + self.left() / count)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer; ``keep`` says whether the connection may serve again."""

    status: int
    retry_after: str
    body: bytes
    keep: bool


class Head:
    """The head of a request."""

    @staticmethod
    def post(path: str, authority: str, headers: Mapping[str, str], length: int) -> bytes:
        """A POST's head. Raises ValueError for a header that would break out of its line."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        if lines.count("\n") != len(headers) or lines.count("\r") != len(headers) or "\0" in lines:
            raise ValueError("a header holds a line break")
        return (
            f"POST {path} HTTP/1.1\r\nHost: {authority}\r\nAccept-Encoding: identity\r\n"
            f"Content-Length: {length}\r\n{lines}\r\n"
        ).encode("latin-1")

    @staticmethod
    def get(path: str, authority: str) -> bytes:
        """A GET's head, of which nothing is to be kept open."""
        lines = f"Host: {authority}\r\nAccept-Encoding: identity\r\nConnection: close\r\n"
        return f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")


class Connection:
    """A connected socket, plain or TLS."""

    __slots__ = ("_sock",)

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def is_usable(self) -> bool:
        """Whether an idle connection is still open: there is nothing to read on it, not even its end."""
        try:
            poll = select.poll()
            poll.register(self._sock, select.POLLIN)
            return not poll.poll(0)
        except (OSError, ValueError):
            return False

    def exchange(self, request: bytes, deadline: Deadline) -> Reply:
        """Send a request and read its answer. Raises TimeoutError, ConnectionLost, BadAnswer."""
        source = _Source(self._sock, deadline)
        try:
            self._send(request, deadline)
            return _read(source)
        except TimeoutError:
            raise
        except (http.client.IncompleteRead, http.client.RemoteDisconnected, OSError) as error:
            raise ConnectionLost(answered=source.received > 0) from error
        except (http.client.HTTPException, ValueError) as error:
            raise BadAnswer(type(error).__name__) from error

    def close(self) -> None:
        """Close at once."""
        self._sock.close()

    def _send(self, request: bytes, deadline: Deadline) -> None:
        if len(request) <= _SEND_BYTES:
            self._sock.settimeout(deadline.left())
            self._sock.sendall(request)
            return
        # Over TLS the time-out counts for each record, so the deadline is looked at between parts.
        view = memoryview(request)
        while view:
            self._sock.settimeout(deadline.left())
            view = view[self._sock.send(view[:_SEND_BYTES]) :]


def connect(address: str, port: int, deadline: Deadline, *, tls: ssl.SSLContext | None, name: str) -> Connection:
    """Connect; with ``tls``, verify the certificate against ``name``. Raises Unreachable, TimeoutError."""
    try:
        sock = socket.create_connection((address, port), timeout=deadline.left())
    except TimeoutError:
        raise
    except OSError as error:
        raise Unreachable(type(error).__name__) from error
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            sock.settimeout(deadline.left())
            sock = tls.wrap_socket(sock, server_hostname=name)
    except TimeoutError:
        sock.close()
        raise
    except (OSError, ValueError) as error:
        sock.close()
        raise Unreachable(type(error).__name__, in_tls=True) from error
    return Connection(sock)


class _Source(io.RawIOBase):
    """The socket as http.client reads it: every read within the deadline, all of them within READ_BYTES."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline
        self.received = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        room = READ_BYTES - self.received
        if room <= 0:
            raise _TooLong
        self._sock.settimeout(self._deadline.left())
        count = self._sock.recv_into(buffer, min(len(buffer), room))
        self.received += count
        return count

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, 8192)


class _TooLong(http.client.HTTPException):
    """More than READ_BYTES came."""


def _read(source: _Source) -> Reply:
    response = http.client.HTTPResponse(cast(socket.socket, source), method="POST")
    try:
        response.begin()
        retry_after = response.getheader("retry-after") or ""
        if response.status < 200:
            raise BadAnswer("an interim answer that nothing asked for")
        body, is_whole = _body(response)
        return Reply(response.status, retry_after[:64], body, is_whole and not response.will_close)
    finally:
        response.close()


def _body(response: http.client.HTTPResponse) -> tuple[bytes, bool]:
    """What is kept of the body, and whether all of it was read."""
    body = b""
    try:
        body = response.read(KEPT_BYTES)
        while not response.isclosed() and response.read(_SKIPPED_BYTES):
            continue
    except _TooLong:
        return body, False
    return body, response.isclosed()
