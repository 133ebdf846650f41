"""Finding work whose wake-up was lost, and waking a worker for it.

Decides that waiting rows are looked at every few seconds whether or not anybody was told of them. Beat sends the
sweep; when beat is dead the workers see that none ran and do it themselves.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from postbox.events import expiry, wakeups
from postbox.events.models import Wakeup
from postbox.lib import clock
from postbox.metrics import heartbeat

log = logging.getLogger(__name__)

EVERY_SECONDS = 15.0
MISSED_AFTER = timedelta(seconds=2.5 * EVERY_SECONDS)
_NAME = "sweep"
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('postbox.sweep'))"


def sweep() -> list[str]:
    """Wake every kind of work that has rows due; returns their names. Harmless when run twice or by two."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK)
        if not cursor.fetchone()[0]:
            return []
        Wakeup.objects.update_or_create(work=_NAME, defaults={"waiting_since": clock.now()})
    wakeups.ensure_rows()
    expiry.expire()
    return [name for name in settings.POSTBOX_WORK if _wake_if_due(name)]


def _wake_if_due(name: str) -> bool:
    """One kind of work whose look fails must not keep the others asleep."""
    try:
        due = bool(import_string(settings.POSTBOX_WORK[name]["due"])())
        if due:
            wakeups.publish(name)
    except Exception as error:
        log.error("sweep_failed", extra={"work": name}, exc_info=error)
        return False
    return due


def last_sweep() -> datetime | None:
    """When the last sweep ran."""
    return Wakeup.objects.filter(work=_NAME).values_list("waiting_since", flat=True).first()


def missed() -> bool:
    """Whether no sweep has run for longer than two of its turns."""
    last = last_sweep()
    return last is None or clock.now() - last > MISSED_AFTER


class Watch(threading.Thread):
    """A worker's own look at whether sweeps still run; it also lets the worker be heard of."""

    def __init__(self, worker: str) -> None:
        super().__init__(name="sweep-watch", daemon=True)
        self._worker = worker
        self._stop_asked = threading.Event()

    def run(self) -> None:
        self._try(self._beat)
        while not self._stop_asked.wait(EVERY_SECONDS):
            self._try(self._beat, self._look)

    def _beat(self) -> None:
        heartbeat.beat(self._worker)

    def _look(self) -> None:
        if missed():
            sweep()

    def _try(self, *steps: Callable[[], None]) -> None:
        try:
            for step in steps:
                step()
        except Exception as error:
            log.warning("sweep_failed", extra={"error": type(error).__name__})
        finally:
            connection.close()

    def stop(self) -> None:
        self._stop_asked.set()
