"""Having what several threads want at the same time done by one of them for all.

Decides who does it: a thread that comes while nobody is at it does its own at once and waits for nothing; what comes
meanwhile is done together, by the first that waits. It never decides what is done, nor what follows from a failure.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class NotTogether(Exception):
    """What was to be done for several failed, for one of them or for all: each is to be done by itself."""


class _Turn(Generic[T, R]):
    """One thread's item, and what came of it."""

    __slots__ = ("done", "item", "result", "signal")

    def __init__(self, item: T) -> None:
        self.item = item
        self.done = False
        self.result: R | None = None
        self.signal = threading.Lock()
        self.signal.acquire()


class Together(Generic[T, R]):
    """Calls ``work`` with one to ``most`` items, in one thread at a time.

    It gives a result for each, in their order, and None for none of them.
    """

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R]], most: int) -> None:
        self._work, self._most = work, most
        self._lock = threading.Lock()
        self._waiting: deque[_Turn[T, R]] = deque()
        self._taken = False

    def do(self, item: T) -> R:
        """The result for this item. Raises what ``work`` raises for it alone; NotTogether where others were with it."""
        turn: _Turn[T, R] = _Turn(item)
        with self._lock:
            leads, self._taken = not self._taken, True
            self._waiting.append(turn)
        if not leads:
            turn.signal.acquire()  # until it is done, or ours to do with what came after it
        if not turn.done:
            self._lead()
        if turn.result is None:
            raise NotTogether
        return turn.result

    def _lead(self) -> None:
        """Do what waits, ours the first of it, and let the next begin before anybody goes on with what came of this."""
        with self._lock:
            turns = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        try:
            results = self._work([turn.item for turn in turns])
            for turn, result in zip(turns, results, strict=True):
                turn.result = result
        except Exception:
            if len(turns) == 1:
                raise
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._taken = following is not None
            if following:
                following.signal.release()
            for turn in turns:
                turn.done = True
                turn.signal.release()
