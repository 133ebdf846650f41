"""The receiver of webhooks: it answers at once, and notes when each message arrived.

Decides only what counts as received. A bare asyncio protocol in a process of its own: it has to cost next to nothing
beside what it measures. Run as ``python -m postbox.bench.sink``; the first line of its output is its port.

    POST <any path>    -> 204; noted with the monotonic clock when the whole request had arrived
    GET  /until/N      -> 204 once N different messages have arrived since the last reset
    GET  /seen/ID      -> 204 once the message ID has arrived
    GET  /count        -> 200 {"count": different messages, "posts": all about a message, "last": monotonic seconds}
    GET  /report       -> 200 the same and {"received": {id: monotonic seconds}, "samples": [{"head", "body": base64}]}
    GET  /reset        -> 204
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import re
import time
from collections.abc import Callable

# Where an event's message stands in what Postbox and the floor write; anything else is parsed.
_MESSAGE = re.compile(rb'"data":\s*\{"id":\s*"([^"]{1,64})"')
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})", re.I)
_NO_CONTENT = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
_BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
SAMPLE_EVERY = 20  # of these the whole request is kept, for checking signatures
_SAMPLES = 200
_REQUEST_BYTES = 8 * 1024 * 1024


class Ledger:
    """What has arrived since the last reset."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], bool], Callable[[], None]]] = []
        self.reset()

    def reset(self) -> None:
        self.received: dict[str, float] = {}
        self.posts = 0
        self.last = 0.0
        self.samples: list[dict[str, str]] = []

    def note(self, head: bytes, body: bytes) -> None:
        """Take one request in."""
        now = time.monotonic()
        if not (message_id := subject(body)):
            return
        self.last = now
        if self.posts % SAMPLE_EVERY == 0 and len(self.samples) < _SAMPLES:
            self.samples.append({"head": head.decode("latin-1"), "body": base64.b64encode(body).decode()})
        self.posts += 1
        self.received.setdefault(message_id, now)
        if self.waiting:
            self._tell()

    def when(self, condition: Callable[[], bool], answer: Callable[[], None]) -> None:
        """Answer as soon as the condition holds."""
        self.waiting.append((condition, answer))
        self._tell()

    def _tell(self) -> None:
        met = [answer for condition, answer in self.waiting if condition()]
        self.waiting = [(condition, answer) for condition, answer in self.waiting if answer not in met]
        for answer in met:
            answer()

    def counts(self) -> dict[str, float]:
        return {"count": len(self.received), "posts": self.posts, "last": self.last}


def subject(body: bytes) -> str:
    """The id of the message that an event is about; empty for one that is about none."""
    if found := _MESSAGE.search(body):
        return found[1].decode("ascii", "replace")
    try:
        return str(json.loads(body)["data"]["id"])
    except (ValueError, KeyError, TypeError):
        return ""


class Connection(asyncio.Protocol):
    """One kept-open HTTP/1.1 connection, requests one after the other."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        while (end := buffer.find(b"\r\n\r\n")) >= 0:
            head = buffer[:end]
            length = _LENGTH.search(head)
            size = end + 4 + (int(length[1]) if length else 0)
            if len(buffer) < size:
                break
            self._handle(head, buffer[end + 4 : size])
            buffer = buffer[size:]
        self._buffer = buffer
        if len(buffer) > _REQUEST_BYTES and self._transport:
            self._send(_BAD)
            self._transport.close()

    def _handle(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"POST "):
            self._send(_NO_CONTENT)
            self._ledger.note(head, body)
            return
        path = head.split(b" ", 2)[1].decode("latin-1")
        ledger, (_, route, *rest) = self._ledger, path.split("/")
        argument = rest[0] if rest else ""
        if route == "until" and argument.isdigit():
            ledger.when(lambda: len(ledger.received) >= int(argument), lambda: self._send(_NO_CONTENT))
        elif route == "seen" and argument:
            ledger.when(lambda: argument in ledger.received, lambda: self._send(_NO_CONTENT))
        elif route == "count":
            self._send_json(ledger.counts())
        elif route == "report":
            self._send_json(ledger.counts() | {"received": ledger.received, "samples": ledger.samples})
        elif route == "reset":
            ledger.reset()
            self._send(_NO_CONTENT)
        else:
            self._send(_BAD)

    def _send(self, answer: bytes) -> None:
        if self._transport:
            self._transport.write(answer)

    def _send_json(self, value: object) -> None:
        body = json.dumps(value).encode()
        self._send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
        self._send(body)


async def serve() -> None:
    """Listen on a free port of 127.0.0.1 and say which, until stdin ends: with whoever started us."""
    ledger, loop = Ledger(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(ledger), "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    ended = asyncio.Event()
    loop.add_reader(0, _until_end, ended)
    await ended.wait()


def _until_end(ended: asyncio.Event) -> None:
    if not os.read(0, 4096):
        ended.set()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
