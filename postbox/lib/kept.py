"""A small cache of values that may be some seconds old, bounded, for one process.

Decides when a value is too old to be used; never whether it may be kept at all (the caller does, and says so).
"""

from __future__ import annotations

import time
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Values for ``seconds`` each, at most ``most`` of them. Threads may share it: a race costs a second look-up."""

    def __init__(self, seconds: float, most: int = 10_000) -> None:
        self._seconds = seconds
        self._most = most
        self._values: dict[K, tuple[V, float]] = {}

    def get(self, key: K) -> V | None:
        """The value, unless there is none or it is too old."""
        found = self._values.get(key)
        return found[0] if found and found[1] > time.monotonic() else None

    def put(self, key: K, value: V) -> V:
        """Keep a value and give it back."""
        if len(self._values) >= self._most:
            self._values.clear()
        self._values[key] = (value, time.monotonic() + self._seconds)
        return value

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
