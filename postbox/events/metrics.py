"""How long ago the sweep ran, and when each kind of worker was last heard of, for ``/metrics``."""

from __future__ import annotations

from postbox.events.sweep import last_sweep
from postbox.lib import clock
from postbox.metrics import heartbeat
from postbox.metrics.gauges import Gauge


def gauges() -> list[Gauge]:
    """Ages in seconds; a sweep that never ran and a worker that was never heard of have no value."""
    now, swept = clock.now(), last_sweep()
    return [
        Gauge(
            "postbox_sweep_age_seconds",
            "Since stranded rows were last looked for.",
            values={(): (now - swept).total_seconds()} if swept else {},
        ),
        Gauge(
            "postbox_worker_heard_seconds",
            "Since a worker of this kind was last heard of.",
            ("worker",),
            {(name,): (now - at).total_seconds() for name, at in heartbeat.heard().items()},
        ),
    ]
