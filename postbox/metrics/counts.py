"""Counters and histograms of one process, kept in memory until they are added to the rows of all.

Decides what a count costs its caller: a lock and an addition, no system call. A process that is killed loses what it
counted since its last writing, five seconds' worth at most; whoever needs exact figures asks the rows themselves.
"""

from __future__ import annotations

import json
import os
import threading
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

# Series of one process between two writings. What comes beyond is counted under "other", so that a label that turned
# out to have endless values costs neither memory nor rows.
MOST_SERIES = 500
OTHER = "other"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

Key = tuple[str, ...]
Row = tuple[str, str, float]


class Held:
    """What this process has counted and not yet handed over. Keys are a row's name and the values of its labels."""

    def __init__(self) -> None:
        self._on_first: Callable[[], None] | None = None
        self.forget()

    def forget(self) -> None:
        """After a fork: what the parent counted is the parent's, and a lock that it held is held for ever."""
        self._lock = threading.Lock()
        self._values: dict[Key, float] = {}
        self._times: dict[Key, list[float]] = {}
        self._told = False

    def call_on_first(self, call: Callable[[], None]) -> None:
        """Have this called when there is something to hand over, once until ``nothing_held`` said so."""
        self._on_first = call

    def add(self, key: Key, by: float) -> None:
        with self._lock:
            if key not in self._values and len(self._values) >= MOST_SERIES:
                key = _other(key)
            self._values[key] = self._values.get(key, 0.0) + by
            if self._told:
                return
            self._told = True
        self._tell()

    def observe(self, key: Key, bucket: int, buckets: int, seconds: float) -> None:
        with self._lock:
            times = self._times.get(key)
            if times is None:
                key = key if len(self._times) < MOST_SERIES else _other(key)
                times = self._times.setdefault(key, [0.0] * (buckets + 1))
            times[bucket] += 1.0
            times[-1] += seconds
            if self._told:
                return
            self._told = True
        self._tell()

    def take(self) -> tuple[dict[Key, float], dict[Key, list[float]]]:
        """Everything held; it is the caller's from now on."""
        with self._lock:
            taken = self._values, self._times
            self._values, self._times = {}, {}
            return taken

    def give_back(self, values: Mapping[Key, float], times: Mapping[Key, list[float]]) -> None:
        """What could not be handed over is held again."""
        with self._lock:
            for key, value in values.items():
                self._values[key] = self._values.get(key, 0.0) + value
            for key, given in times.items():
                held = self._times.get(key)
                self._times[key] = [a + b for a, b in zip(held, given, strict=True)] if held else given

    def nothing_held(self) -> bool:
        """Whether nothing waits to be handed over; if so, the next count calls again."""
        with self._lock:
            if self._values or self._times:
                return False
            self._told = False
            return True

    def let_go(self) -> None:
        """Nobody hands over any more: the next count calls again."""
        with self._lock:
            self._told = False

    def _tell(self) -> None:
        if self._on_first is not None:
            self._on_first()


def _other(key: Key) -> Key:
    return (key[0], *(OTHER for _ in key[1:]))


HELD = Held()
os.register_at_fork(after_in_child=HELD.forget)


@dataclass(frozen=True, slots=True)
class Counter:
    """A count that only grows. ``name`` without ``_total``, ``help`` a sentence, ``labels`` their names."""

    name: str
    help: str
    labels: tuple[str, ...] = ()

    def inc(self, *values: str, by: float = 1.0) -> None:
        """Add to the series with these values of the labels, in their order: codes and names of ours, never ids."""
        HELD.add((self.name, *values), by)


@dataclass(frozen=True, slots=True)
class Histogram:
    """How long something took. ``buckets`` are upper bounds in seconds, rising."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: Sequence[float] = SECONDS

    def observe(self, seconds: float, *values: str) -> None:
        """Note one duration for the series with these values of the labels."""
        HELD.observe((self.name, *values), bisect_left(self.buckets, seconds), len(self.buckets) + 1, seconds)


def rows_of(values: Mapping[Key, float], times: Mapping[Key, list[float]]) -> list[Row]:
    """The rows to be added to: name, labels as JSON, value. A histogram has one a bucket that counted and its sum.

    Buckets are told apart by their number, the last label; the sum's is empty.
    """
    rows = [(key[0], json.dumps(key[1:]), value) for key, value in values.items()]
    for key, given in times.items():
        *counted, total = given
        rows += [(key[0], json.dumps([*key[1:], str(n)]), count) for n, count in enumerate(counted) if count]
        rows.append((key[0], json.dumps([*key[1:], ""]), total))
    return sorted(rows)
