"""The LMTP server: a socket, one event loop, a few threads with a database connection each.

Decides how many connections there may be and how they end: at SIGTERM nothing new is taken, what is being stored is
stored and answered, and the rest is told to come again. It never reads a mail.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from postbox.ingest import metrics
from postbox.ingest.lmtp.data import HELD_BYTES, Hands
from postbox.ingest.lmtp.protocol import IDLE_SECONDS, Conversation
from postbox.ingest.lmtp.replies import Reply
from postbox.ingest.lmtp.tls import NO_TLS, Tls, of_settings
from postbox.metrics import writer

CONNECTIONS = 100
THREADS = 6
STOP_WITHIN = 5.0  # `postbox up` kills after seven


class Full(asyncio.Protocol):
    """Tells a client that there are too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer and close."""
        metrics.REFUSED.inc(Reply.TOO_MANY_CONNECTIONS.code)
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(f"{Reply.TOO_MANY_CONNECTIONS}\r\n".encode())
            transport.close()


class Server:
    """All connections of the door. Made in a running event loop."""

    def __init__(
        self,
        *,
        connections: int = CONNECTIONS,
        idle: float = IDLE_SECONDS,
        held_bytes: int = HELD_BYTES,
        tls: Tls = NO_TLS,
    ) -> None:
        self._most = connections
        self._idle = idle
        self._tls = tls
        self._hands = Hands(held_bytes)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="lmtp")
        self._open: set[_Counted] = set()
        self._hostname = socket.gethostname() or "localhost"
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; gives the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._made, host, port, backlog=256, reuse_address=True)
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

    def _made(self) -> asyncio.Protocol:
        if len(self._open) >= self._most:
            return Full()
        return _Counted(self._open, self._run, self._hands, self._hostname, self._idle, self._tls)

    def _run(self, function: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)


class _Counted(Conversation):
    """A connection that is among the open ones as long as it is."""

    def __init__(self, among: set[_Counted], *rest: Any) -> None:
        self._among = among
        super().__init__(*rest)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._among.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._among.discard(self)
        super().connection_lost(error)


def serve(host: str, port: int) -> int:
    """Run the door until SIGTERM or SIGINT. Exit status 0; OSError where the port cannot be had."""
    try:
        asyncio.run(_serve(host, port))
    finally:
        writer.end()
    return 0


async def _serve(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    server = Server(tls=of_settings())
    await server.start(host, port)
    await told.wait()
    await server.stop()
