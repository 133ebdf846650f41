"""The Celery application. It decides nothing: every setting is in postbox.config.settings."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import task_postrun, task_prerun, worker_process_shutdown, worker_ready, worker_shutdown

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
def _watch_sweeps(sender: Any, **_: object) -> None:
    """Where beat is dead, the workers sweep; and each is heard of under its name without its host."""
    from postbox.config.durability import warn
    from postbox.events.sweep import Watch

    Watch(str(sender.hostname).partition("@")[0]).start()
    warn()


@worker_process_shutdown.connect
@worker_shutdown.connect
def _write_metrics(**_: object) -> None:
    """What a process counted last is not lost with it."""
    from postbox.metrics import writer

    writer.end()
