"""Where the benchmark's mail is handed over: an SMTP server that takes everything and notes when.

Decides nothing and keeps no mail: the Message-ID's local part and the moment of the 250. EHLO with PIPELINING, MAIL,
RCPT, DATA, RSET, NOOP, QUIT. Its starter writes lines: ``reset``, ``until N`` (answered when so many different mails
came, or none for some seconds), ``report``. Run as ``python -m postbox.bench.smtp_sink``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import time
from collections.abc import Callable

STALLED_AFTER = 15.0
# The variable that names the port to listen on; 0 or none: one that is free.
PORT = "SINK_SMTP_PORT"
_ID = re.compile(rb"(?:\A|\r\n)Message-ID:[ \t]*(?:\r\n[ \t]+)?<([^@>\r\n]{1,200})@", re.I)
_GREETING = b"220 sink ESMTP\r\n"
_EHLO = b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
_ANSWERS = {b"MAIL": b"250 ok\r\n", b"RCPT": b"250 ok\r\n", b"RSET": b"250 ok\r\n", b"NOOP": b"250 ok\r\n"}
_END = b"\r\n.\r\n"


class Ledger:
    """What has come since the last reset: by name, the moment of its 250 (monotonic seconds)."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.reset()

    def reset(self) -> None:
        self.received: dict[str, float] = {}
        self.mails = 0

    def note(self, data: bytes) -> None:
        found = _ID.search(data)
        self.mails += 1
        self.received.setdefault(found[1].decode("ascii", "replace") if found else str(self.mails), time.monotonic())
        self.changed.set()

    async def until(self, count: int) -> None:
        """Wait for so many different mails, or until none has come for a while."""
        while len(self.received) < count:
            self.changed.clear()
            try:
                await asyncio.wait_for(self.changed.wait(), STALLED_AFTER)
            except TimeoutError:
                return

    def report(self) -> str:
        last = max(self.received.values(), default=0.0)
        return json.dumps({"mails": self.mails, "last": last, "received": self.received})


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._buffer = b""
        self._in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        transport.write(_GREETING)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answers = bytearray()
        while answer := self._step():
            answers += answer
        if answers:
            self._transport.write(bytes(answers))
        if answers.endswith(b"221 bye\r\n"):
            self._transport.close()

    def _step(self) -> bytes:
        """The answer to the next whole line or mail; nothing while it is not whole."""
        mark = _END if self._in_data else b"\r\n"
        found, separator, rest = self._buffer.partition(mark)
        if not separator:
            return b""
        self._buffer = rest
        if self._in_data:
            self._in_data = False
            self._ledger.note(found)
            return b"250 taken\r\n"
        verb = found[:4].upper()
        if verb == b"DATA":
            self._in_data = True
            return b"354 go on\r\n"
        if verb == b"QUIT":
            return b"221 bye\r\n"
        return _EHLO if verb == b"EHLO" else _ANSWERS.get(verb, b"500 what\r\n")


async def serve(protocol: Callable[[Ledger], asyncio.Protocol]) -> None:
    """Listen on a port of 127.0.0.1 and say which; then obey the lines on stdin until it ends."""
    ledger, loop = Ledger(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: protocol(ledger), "127.0.0.1", int(os.environ.get(PORT, "0")), backlog=64)
    _say(str(server.sockets[0].getsockname()[1]))
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), os.fdopen(0, "rb", buffering=0))
    while line := (await lines.readline()).decode().strip():
        verb, _, argument = line.partition(" ")
        if verb == "until":
            await ledger.until(int(argument))
        elif verb == "reset":
            ledger.reset()
        _say(ledger.report() if verb == "report" else "done")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Session))
