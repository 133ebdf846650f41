"""What is read from rows when ``/metrics`` is asked, in place of being counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from postbox.lib import clock


@dataclass(frozen=True, slots=True)
class Gauge:
    """A value as it is now. ``values``: the labels' values to the number."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    values: dict[tuple[str, ...], float] = field(default_factory=dict)


def queue(name: str, depth: int, oldest: datetime | None) -> list[Gauge]:
    """The two gauges of a queue: how many wait, and for how long the oldest has (0 where none does)."""
    age = max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0.0
    return [
        Gauge("postbox_queue_depth", "Rows that wait.", ("queue",), {(name,): float(depth)}),
        Gauge("postbox_queue_oldest_seconds", "Age of the oldest that waits.", ("queue",), {(name,): age}),
    ]


def merged(gauges: Iterable[Gauge]) -> list[Gauge]:
    """One gauge a name, with the values of all that have it."""
    found: dict[str, Gauge] = {}
    for gauge in gauges:
        found.setdefault(gauge.name, Gauge(gauge.name, gauge.help, gauge.labels)).values.update(gauge.values)
    return list(found.values())
