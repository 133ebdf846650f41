"""Kept-open connections, bounded in number and age, shared by every thread of a process.

Decides which connection is used again: one to the very scheme, host, port and address, the one used last, while it is
young and still open. It never decides whether the address may be reached (postbox.lib.egress does, each time).
"""

from __future__ import annotations

import threading
import time

from postbox.lib.http1 import Connection

IDLE_SECONDS = 30.0
MAX_IDLE = 512
# Scheme, host, port, address.
Key = tuple[str, str, int, str]


class Idle:
    """``take`` gives a connection that is open, or None; ``put`` keeps one for later or closes it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[Key, list[tuple[Connection, float]]] = {}
        self._count = 0
        self._next_look = 0.0

    def take(self, key: Key) -> Connection | None:
        while True:
            with self._lock:
                held = self._held.get(key)
                if not held:
                    return None
                connection, since = held.pop()
                self._count -= 1
                if not held:
                    del self._held[key]
            if time.monotonic() - since < IDLE_SECONDS and connection.is_usable():
                return connection
            connection.close()

    def put(self, key: Key, connection: Connection) -> None:
        now = time.monotonic()
        with self._lock:
            stale = self._stale(now) if now > self._next_look or self._count >= MAX_IDLE else []
            if self._count < MAX_IDLE:
                self._held.setdefault(key, []).append((connection, now))
                self._count += 1
            else:
                stale.append(connection)
        for old in stale:
            old.close()

    def close(self) -> None:
        with self._lock:
            held = [connection for items in self._held.values() for connection, _ in items]
            self._held.clear()
            self._count = 0
        for connection in held:
            connection.close()

    def _stale(self, now: float) -> list[Connection]:
        """Takes out what was idle for too long. The lock is held."""
        self._next_look = now + IDLE_SECONDS / 3
        stale: list[Connection] = []
        for key, items in list(self._held.items()):
            old = [item for item in items if now - item[1] >= IDLE_SECONDS]
            if old:
                stale += [connection for connection, _ in old]
                self._held[key] = [item for item in items if now - item[1] < IDLE_SECONDS]
                if not self._held[key]:
                    del self._held[key]
        self._count -= len(stale)
        return stale
