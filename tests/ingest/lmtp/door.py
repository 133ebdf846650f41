"""A running LMTP or SMTP door and a client that sees every reply."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

from postbox.ingest.lmtp.server import Server
from postbox.ingest.smtp.protocol import SmtpConversation


class Talk:
    """A connection to the door, greeted."""

    def __init__(self, port: int, *, hello: bool = True, greeting: str = "LHLO", client: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(client, 0))
        self.hello = f"{greeting} mx.example"
        self._file = self.socket.makefile("rb")
        self.greeting = self.reply()
        if hello:
            self.offered = self(self.hello)

    def __call__(self, line: str) -> str:
        """Send a command; gives the whole reply."""
        self.send(f"{line}\r\n".encode())
        return self.reply()

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def reply(self) -> str:
        """The next reply, empty at the end of the connection."""
        lines = []
        while line := self._file.readline().decode():
            lines.append(line.rstrip())
            if line[3:4] != "-":
                break
        return "\n".join(lines)

    def open_mail(self, *recipients: str, sender: str = "ann@mercer-bikes.example") -> None:
        """MAIL, RCPT and DATA, all of which must be taken."""
        assert self(f"MAIL FROM:<{sender}>").startswith("250 2.1.0")
        for recipient in recipients:
            assert self(f"RCPT TO:<{recipient}>").startswith("250 2.1.5")
        assert self("DATA").startswith("354")

    def mail(self, raw: bytes, *recipients: str, sender: str = "ann@mercer-bikes.example") -> list[str]:
        """A whole mail; gives the replies: by LMTP one for each recipient."""
        self.open_mail(*recipients, sender=sender)
        self.send((b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n")
        return [self.reply() for _ in (recipients if self.hello.startswith("LHLO") else "1")]

    def wrapped(self, context: ssl.SSLContext) -> Talk:
        """The same conversation, from here on in TLS."""
        self.socket = context.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self._file = self.socket.makefile("rb")
        return self

    def close(self) -> None:
        self._file.close()
        self.socket.close()


class Running:
    """A server in a thread of its own."""

    def __init__(self, **options: Any) -> None:
        self._greeting = "EHLO" if options.get("kind") is SmtpConversation else "LHLO"
        self._started = threading.Event()
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(options)), daemon=True)
        self._talks: list[Talk] = []
        self._thread.start()
        assert self._started.wait(30)

    async def _serve(self, options: dict[str, Any]) -> None:
        self.server = Server(**options)
        self.port = await self.server.start("127.0.0.1", 0)
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._started.set()
        await self._stop.wait()
        await self.server.stop(15.0)

    def talk(self, **options: Any) -> Talk:
        made = Talk(self.port, greeting=self._greeting, **options)
        self._talks.append(made)
        return made

    def stop(self) -> None:
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)

    def end(self) -> None:
        for talk in self._talks:
            with contextlib.suppress(OSError):
                talk.close()
        if self._thread.is_alive():
            self.stop()
        self._thread.join(30)
        assert not self._thread.is_alive()


@contextlib.contextmanager
def running(**options: Any) -> Iterator[Running]:
    """A door for one block."""
    door = Running(**options)
    try:
        yield door
    finally:
        door.end()
