"""The Celery task of webhooks, and ending its threads with the worker. The task carries nothing."""

from __future__ import annotations

from celery import shared_task
from celery.signals import worker_process_shutdown, worker_shutdown

from webhooks import engine, work


@shared_task(name="webhooks.deliver")
def deliver() -> None:
    """Fan out events and deliver what is due (queue ``webhooks``)."""
    work.run()


@worker_shutdown.connect
@worker_process_shutdown.connect
def _end(**_: object) -> None:
    engine.close()
