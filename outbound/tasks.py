"""The Celery tasks of outbound. They carry nothing."""

from __future__ import annotations

from celery import shared_task

from outbound import reports, work


@shared_task(name="outbound.ship")
def ship() -> None:
    """Send what is due (queue ``outbound``)."""
    work.run()


@shared_task(name="outbound.reconcile")
def reconcile() -> None:
    """Look again for the messages of reports that came early (queue ``bounces``)."""
    while reports.reconcile() == reports.PORTION:
        pass
