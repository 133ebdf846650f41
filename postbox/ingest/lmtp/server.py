"""A door of the SMTP family: a socket, one event loop, a few threads with a database connection each.

Decides how many connections there may be, in all and of one client, and how they end: at SIGTERM nothing new is taken,
what is being stored is stored and answered, and the rest is told to come again. It never reads a mail.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from postbox.ingest import metrics
from postbox.ingest.limiting.limits import network
from postbox.ingest.limits import MESSAGE_BYTES
from postbox.ingest.lmtp.conversation import IDLE_SECONDS, Conversation, House
from postbox.ingest.lmtp.data import HELD_BYTES, Hands
from postbox.ingest.lmtp.protocol import LmtpConversation
from postbox.ingest.lmtp.replies import Reply
from postbox.ingest.lmtp.tls import NO_TLS, Tls, of_settings
from postbox.metrics import writer

CONNECTIONS = 100
THREADS = 6
STOP_WITHIN = 5.0  # `postbox up` kills after seven


@dataclass(slots=True)
class _Guest:
    """A client and what it has of the door: its connections, and room for its mail."""

    hands: Hands
    connections: int = 0


class Server:
    """All connections of a door. Made in a running event loop.

    ``each``: how many of them one client may have, an IPv6 client being its /64; 0 where there is no such limit.
    """

    def __init__(
        self,
        kind: type[Conversation] = LmtpConversation,
        *,
        connections: int = CONNECTIONS,
        each: int = 0,
        idle: float = IDLE_SECONDS,
        held_bytes: int = HELD_BYTES,
        tls: Tls = NO_TLS,
        hostname: str = "",
    ) -> None:
        self._kind = kind
        self._most = connections
        self._each = each
        self._held_bytes = held_bytes
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="door")
        self._house = House(
            self._run, Hands(held_bytes), hostname or socket.gethostname() or "localhost", idle, tls, self._gone
        )
        self._open: dict[Conversation, str] = {}
        self._guests: dict[str, _Guest] = {}
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; gives the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Entrance(self), host, port, backlog=256, reuse_address=True)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self, within: float = STOP_WITHIN) -> None:
        """Take nothing new, let what is being stored be answered, close."""
        if self._server is not None:
            self._server.close()
        for idle in [one for one in self._open if not one.storing]:
            idle.leave()
        until = asyncio.get_running_loop().time() + within
        while self._open and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.02)
            for done in [one for one in self._open if not one.storing]:
                done.leave()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def welcome(self, client: str) -> Conversation | Reply:
        """A conversation with a client that has just connected, or what it is told in place of one."""
        if len(self._open) >= self._most:
            return Reply.TOO_MANY_CONNECTIONS
        where = network(client) if self._each else ""
        guest = self._guests.get(where) or self._new_guest()
        if self._each and guest.connections >= self._each:
            return Reply.TOO_MANY_OF_CLIENT
        self._guests[where] = guest
        guest.connections += 1
        made = self._kind(self._house, client, guest.hands)
        self._open[made] = where
        return made

    def _new_guest(self) -> _Guest:
        if not self._each:
            return _Guest(self._house.hands)
        # One client alone must not take all the room; a whole mail has to fit.
        return _Guest(Hands(max(self._held_bytes // 4, MESSAGE_BYTES), self._house.hands))

    def _gone(self, conversation: Conversation) -> None:
        where = self._open.pop(conversation, None)
        if where is None:
            return  # the library tells some ends twice
        guest = self._guests[where]
        guest.connections -= 1
        if not guest.connections:
            del self._guests[where]

    def _run(self, function: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)


class _Entrance(asyncio.Protocol):
    """A connection until it is known who is at its other end: a conversation takes it over, or it is closed."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let in or answer and close."""
        peer = transport.get_extra_info("peername")
        welcome = self._server.welcome(str(peer[0]).partition("%")[0] if peer else "")
        if isinstance(welcome, Conversation):
            transport.set_protocol(welcome)
            welcome.connection_made(transport)
            return
        metrics.REFUSED.inc(welcome.code)
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(f"{welcome}\r\n".encode())
            transport.close()


def serve(host: str, port: int, made: Callable[[], Server] | None = None) -> int:
    """Run a door, the LMTP door or another, until SIGTERM or SIGINT.

    Exit status 0; OSError where the port cannot be had.
    """
    try:
        asyncio.run(_serve(host, port, made or _lmtp))
    finally:
        writer.end()
    return 0


async def _serve(host: str, port: int, made: Callable[[], Server]) -> None:
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    server = made()
    await server.start(host, port)
    await told.wait()
    await server.stop()


def _lmtp() -> Server:
    return Server(tls=of_settings())
