"""Hearing of workers: each kind writes the time into its row now and then.

Decides after how long a kind counts as silent. Says that its process runs and reaches the database, not that it works
off its queue: the age of the oldest waiting row says that.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from postbox.lib import clock
from postbox.metrics.models import Heartbeat

SILENT_AFTER = timedelta(seconds=60)


def beat(name: str) -> None:
    """Note that a worker of this kind runs."""
    Heartbeat.objects.update_or_create(name=name[:64], defaults={"at": clock.now()})


def heard() -> dict[str, datetime]:
    """When each kind was last heard of."""
    return dict(Heartbeat.objects.values_list("name", "at"))
