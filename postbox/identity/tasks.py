"""The Celery tasks of identity. Each only calls what does the work."""

from __future__ import annotations

from celery import shared_task

from postbox.identity.domain import checking


@shared_task(name="postbox.maintenance.check_domains")
def check_domains() -> None:
    """Look at the records of domains that are due (queue ``maintenance``)."""
    checking.check_due()
