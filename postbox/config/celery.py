"""The Celery application. It decides nothing: every setting is in postbox.config.settings."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import task_postrun, task_prerun, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "postbox.config.settings")

app = Celery("postbox")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_prerun.connect
@task_postrun.connect
def _drop_dead_connections(**_: object) -> None:
    """Connections are kept between tasks (CELERY_DB_REUSE_MAX); one that broke must not reach the next task."""
    from django.db import close_old_connections

    close_old_connections()


@worker_ready.connect
def _watch_sweeps(**_: object) -> None:
    """Where beat is dead, the workers sweep."""
    from postbox.events.sweep import Watch

    Watch().start()
