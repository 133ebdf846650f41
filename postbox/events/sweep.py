"""Finding work whose wake-up was lost, and waking a worker for it.

Decides that waiting rows are looked at every few seconds whether or not anybody was told of them. Beat sends the
sweep; when beat is dead the workers see that none ran and do it themselves.
"""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from postbox.events import wakeups
from postbox.events.models import Wakeup
from postbox.lib import clock

log = logging.getLogger(__name__)

EVERY_SECONDS = 15.0
_MISSED_AFTER = timedelta(seconds=2.5 * EVERY_SECONDS)
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


def missed() -> bool:
    """Whether no sweep has run for longer than two of its turns."""
    last = Wakeup.objects.filter(work=_NAME).values_list("waiting_since", flat=True).first()
    return last is None or clock.now() - last > _MISSED_AFTER


class Watch(threading.Thread):
    """A worker's own look at whether sweeps still run."""

    def __init__(self) -> None:
        super().__init__(name="sweep-watch", daemon=True)
        self._stop_asked = threading.Event()

    def run(self) -> None:
        while not self._stop_asked.wait(EVERY_SECONDS):
            try:
                if missed():
                    sweep()
            except Exception as error:
                log.warning("sweep_failed", extra={"error": type(error).__name__})
            finally:
                connection.close()

    def stop(self) -> None:
        self._stop_asked.set()
