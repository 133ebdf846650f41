"""The load generator: mails through a door over a few kept-open connections, as fast as they are taken.

Decides nothing about the mails. One mail at a time on each connection and one thread, so that it takes as little as
possible of the cores that it shares with the system. Run as ``python -m postbox.bench.load``.
"""

from __future__ import annotations

import selectors
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from postbox.bench import mix
from postbox.bench.children import serve_task
from postbox.bench.doors import Answer, Door, Unanswered, opened

TRIES = 50
_PAUSE = 0.1
_TIMEOUT = 30.0


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
            self._take(door, answer)
        self._next(door)

    def _take(self, door: Door, answer: Answer) -> None:
        if answer.ids:
            now = time.monotonic()
            self.answered += [(id_, door.started, now) for id_ in answer.ids]
        elif answer.again:
            time.sleep(_PAUSE)
            self._retry(door.number, answer.reason)
        else:
            self.failures.append(f"mail {door.number}: {answer.reason}")

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
    doors = [opened(task) for _ in range(task["connections"])]
    numbers = range(task["first"], task["first"] + task["count"])
    return Load(doors, mix.load(), numbers).run


if __name__ == "__main__":
    serve_task(prepare)
