"""The Celery tasks of the pipeline. Each only calls what does the work; none carries content."""

from __future__ import annotations

from celery import shared_task

from postbox.events import sweep as sweeping
from postbox.ingest import spool, work
from postbox.ingest.reexamine import reapply, rescore


@shared_task(name="postbox.ingest.work")
def ingest() -> None:
    """Work off stored mail (queue ``ingest``)."""
    work.run()


@shared_task(name="postbox.ingest.rescore")
def rescore_messages(ids: list[str]) -> None:
    """Score stored mail again (queue ``score``)."""
    rescore(ids)


@shared_task(name="postbox.ingest.reapply_rules")
def reapply_rules(ids: list[str]) -> None:
    """Apply the rules to stored mail again (queue ``rules``)."""
    reapply(ids)


@shared_task(name="postbox.maintenance.sweep")
def sweep() -> None:
    """Wake what waits without a wake-up (queue ``maintenance``)."""
    sweeping.sweep()


@shared_task(name="postbox.maintenance.empty_spool")
def empty_spool() -> None:
    """Move raw mail to the bucket (queue ``maintenance``)."""
    spool.empty()
