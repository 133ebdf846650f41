"""The Celery tasks of retention. Each only calls what does the work; none carries content."""

from __future__ import annotations

from celery import shared_task

from postbox.events import wakeups
from postbox.retention import run


@shared_task(name="agentpack_postbox_retention")
def retention() -> None:
    """Begin the day's run (queue ``maintenance``, 03:17 UTC by beat)."""
    run.start()
    _slice()


@shared_task(name="postbox.maintenance.retention")
def retention_slice() -> None:
    """Go on with an unfinished run (queue ``maintenance``)."""
    _slice()


def _slice() -> None:
    """One slice, and a wake-up for the next behind what else waits in the queue: a run never keeps others from it."""
    wakeups.clear("retention")
    if run.go_on():
        wakeups.publish("retention", force=True)
