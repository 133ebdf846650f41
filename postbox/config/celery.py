"""The Celery application. It decides nothing: every setting is in postbox.config.settings."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "postbox.config.settings")

app = Celery("postbox")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def _watch_sweeps(**_: object) -> None:
    """Where beat is dead, the workers sweep."""
    from postbox.events.sweep import Watch

    Watch().start()
