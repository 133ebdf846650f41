"""The Celery task of outbound. It carries nothing."""

from __future__ import annotations

from celery import shared_task

from outbound import work


@shared_task(name="outbound.ship")
def ship() -> None:
    """Send what is due (queue ``outbound``)."""
    work.run()
