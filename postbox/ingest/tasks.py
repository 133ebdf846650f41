"""The Celery tasks of the pipeline. Each only calls what does the work; none carries content."""

from __future__ import annotations

from celery import shared_task

from postbox.events import sweep as sweeping
from postbox.ingest import reexaminations, spool, work
from postbox.ingest.limiting import alarm
from postbox.ingest.models import Again


@shared_task(name="postbox.ingest.work")
def ingest() -> None:
    """Work off stored mail (queue ``ingest``)."""
    work.run()


@shared_task(name="postbox.ingest.rescore")
def rescore_messages() -> None:
    """Score stored mail again, as far as that was asked for (queue ``score``)."""
    reexaminations.run(Again.RESCORE)


@shared_task(name="postbox.ingest.reapply_rules")
def reapply_rules() -> None:
    """Apply the rules to stored mail again, as far as that was asked for (queue ``rules``)."""
    reexaminations.run(Again.REAPPLY)


@shared_task(name="postbox.maintenance.sweep")
def sweep() -> None:
    """Wake what waits without a wake-up, and relax limits after an attack (queue ``maintenance``)."""
    sweeping.sweep()
    alarm.relax()


@shared_task(name="postbox.maintenance.empty_spool")
def empty_spool() -> None:
    """Move raw mail to the bucket (queue ``maintenance``)."""
    spool.empty()
