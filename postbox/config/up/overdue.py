"""The web server's application, with an end to requests that take too long to arrive.

granian waits without a limit for a request's body, and one of its few threads waits with it. Decides that a connection
on which something came and was not answered is shut down after ``overdue`` seconds, after ``silent`` seconds already
where nothing comes any more, and after ``idle`` seconds in which neither side said anything. The thread then finds the
body cut off. Linux tells when a connection last sent and received (TCP_INFO, tcp(7)); elsewhere nothing is done.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from postbox.config import wsgi

log = logging.getLogger(__name__)

_LINUX = sys.platform == "linux"
_FDS = "/proc/self/fd"
# tcpi_last_data_sent and tcpi_last_data_recv of struct tcp_info, in milliseconds before now.
_LAST = struct.Struct("44xI4xI")


@dataclass(frozen=True, slots=True)
class Limits:
    """In seconds. ``overdue`` runs from a request's first octet to its answer's; ``every`` is between two looks."""

    overdue: float = 300.0
    silent: float = 60.0
    idle: float = 300.0
    every: float = 5.0


LIMITS = Limits()


class Watch(threading.Thread):
    """Looks at the connections of this process that came in on one port, every few seconds."""

    def __init__(self, port: int, limits: Limits) -> None:
        super().__init__(name="overdue", daemon=True)
        self._port, self._limits = port, limits
        self._open: dict[int, float] = {}

    def run(self) -> None:
        while True:
            time.sleep(self._limits.every)
            try:
                self._look()
            except OSError as error:
                log.warning("connections_not_seen", extra={"error": type(error).__name__})

    def _look(self) -> None:
        before, self._open = self._open, {}
        ended = 0
        for connection in _connections(self._port):
            with connection:
                sent, received = _quiet_for(connection)
                if received >= sent:  # the last word was ours
                    late, overdue = min(sent, received) > self._limits.idle, False
                else:
                    late = overdue = self._is_overdue(connection, received, before)
                if late:
                    connection.shutdown(socket.SHUT_RDWR)
                ended += overdue
        if ended:
            log.warning("overdue_requests_ended", extra={"count": ended})

    def _is_overdue(self, connection: socket.socket, received: float, before: dict[int, float]) -> bool:
        now, inode = time.monotonic(), os.fstat(connection.fileno()).st_ino
        began = self._open[inode] = before.get(inode, now - received)
        return received > self._limits.silent or now - began > self._limits.overdue


def _quiet_for(connection: socket.socket) -> tuple[float, float]:
    """Seconds since this side sent something, and since something came."""
    sent, received = _LAST.unpack_from(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST.size))
    return sent / 1000, received / 1000


def _connections(port: int) -> Iterator[socket.socket]:
    """Duplicates of this process's connections that came in on the port: none can become another's meanwhile."""
    for name in os.listdir(_FDS):
        with suppress(OSError):
            if not os.readlink(f"{_FDS}/{name}").startswith("socket:"):
                continue
            found = socket.socket(fileno=os.dup(int(name)))
            if _came_in_on(found, port):
                yield found
            else:
                found.close()


def _came_in_on(found: socket.socket, port: int) -> bool:
    if found.family not in (socket.AF_INET, socket.AF_INET6) or found.type != socket.SOCK_STREAM:
        return False
    try:
        found.getpeername()
    except OSError:  # it listens
        return False
    return bool(found.getsockname()[1] == port)


_watching = 0
_lock = threading.Lock()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django's, in a process that is watched from its first request on."""
    if _watching != os.getpid():
        _watch(int(environ["SERVER_PORT"]))
    answer: Iterable[bytes] = wsgi.application(environ, start_response)
    return answer


def _watch(port: int) -> None:
    global _watching
    with _lock:
        if _watching != os.getpid():
            _watching = os.getpid()
            if _LINUX:
                Watch(port, LIMITS).start()
