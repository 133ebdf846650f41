"""A real HTTP receiver for webhooks on a port of its own: keeps every request, answers as a script says.

with Receiver() as receiver:
    receiver.script(Reaction(status=500), Reaction(delay=3))   # then 200 for ever, or what `otherwise` says
    ...
    receiver.wait_for(2)
    receiver.requests[0].headers["webhook-id"]
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """A request as it came: header names in lower case, the body's very bytes, `at` on the monotonic clock."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    connection: tuple[str, int]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reaction:
    """What to answer, after `delay` seconds; `drip`: seconds between octets of the body; `hang_up`: nothing."""

    status: int = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0
    hang_up: bool = False
    close: bool = False


class Receiver:
    """Listens on loopback from construction on; `hold` keeps answers back until `let_go`."""

    def __init__(self, otherwise: Reaction | None = None, *, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.requests: list[Received] = []
        self.otherwise = otherwise or Reaction()
        self.in_hand = 0
        self._script: deque[Reaction] = deque()
        self._changed = threading.Condition()
        self._let_go = threading.Event()
        self._let_go.set()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.receiver = self
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = int(self._server.server_address[1])
        self.scheme = "https" if tls is not None else "http"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook"

    def script(self, *reactions: Reaction) -> None:
        """The answers to the next requests, in order; after them `otherwise`."""
        with self._changed:
            self._script.extend(reactions)

    def hold(self) -> None:
        """Take requests and answer none until `let_go`."""
        self._let_go.clear()

    def let_go(self) -> None:
        self._let_go.set()

    def wait_for(self, count: int, seconds: float = 20.0) -> list[Received]:
        """The requests once there are `count`; fails when they do not come in time."""
        self._wait(lambda: len(self.requests) >= count, seconds, lambda: f"{len(self.requests)} of {count} came")
        return list(self.requests)

    def wait_in_hand(self, count: int, seconds: float = 20.0) -> None:
        """Wait until `count` requests are being held without an answer."""
        self._wait(lambda: self.in_hand >= count, seconds, lambda: f"{self.in_hand} of {count} in hand")

    def clear(self) -> None:
        with self._changed:
            self.requests.clear()

    def stop(self) -> None:
        self._let_go.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up_all()

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wait(self, reached: Callable[[], bool], seconds: float, state: Callable[[], str]) -> None:
        with self._changed:
            if not self._changed.wait_for(reached, seconds):
                raise AssertionError(f"after {seconds:g} s: {state()}")

    def take(self, request: Received) -> Reaction:
        with self._changed:
            self.requests.append(request)
            reaction = self._script.popleft() if self._script else self.otherwise
            self.in_hand += 1
            self._changed.notify_all()
        if reaction.delay:
            time.sleep(reaction.delay)
        self._let_go.wait()
        with self._changed:
            self.in_hand -= 1
        return reaction


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    receiver: Receiver

    def __init__(self, *args: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up_all(self) -> None:
        """Close the connections that are kept open, as a server does that restarts."""
        for request in list(self._open):
            self.shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is none of our concern."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reaction = self.server.receiver.take(
            Received(self.command, self.path, _lower(self.headers), body, time.monotonic(), self.client_address)
        )
        if reaction.hang_up:
            self.close_connection = True
            return
        self.send_response(reaction.status)
        for name, value in reaction.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reaction.body)))
        if reaction.close:
            self.close_connection = True
        self.end_headers()
        self._write(reaction)

    do_GET = do_POST

    def _write(self, reaction: Reaction) -> None:
        if not reaction.drip:
            self.wfile.write(reaction.body)
            return
        for octet in reaction.body:
            self.wfile.write(bytes([octet]))
            self.wfile.flush()
            time.sleep(reaction.drip)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
