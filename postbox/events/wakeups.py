"""Waking a worker, coalesced: while one wake-up is on its way, no other is published.

Decides when a Celery task is published. The task carries nothing and the rows are the truth, so a lost wake-up costs
time and never mail: the sweep finds what was left. A publisher thread of the process does the publishing, so that a
slow or dead broker never holds up a request.

The flag is a row (``wakeups``), not a key in the broker, so that any broker serves. Why skipping a locked flag is
safe: whoever holds it either sets it and publishes after our commit, or clears it and claims after our commit.
"""

from __future__ import annotations

import logging
import os
import threading
import time

from celery import current_app
from django.conf import settings
from django.db import connection, transaction

log = logging.getLogger(__name__)

# A flag older than this was lost with its broker or its worker; the next wake-up is published all the same.
_STALE_AFTER = "2 seconds"
# Between two looks at the flag a publisher rests, so that a burst of commits costs one look.
_REST_SECONDS = 0.004
# After a look that found a wake-up on its way: whoever takes it clears the flag first and claims after that, so more
# looks in the same burst are of no use to anybody.
_LONG_REST_SECONDS = 0.02
_IDLE_SECONDS = 60.0

_SET = f"""
UPDATE wakeups SET waiting_since = now() WHERE work = (
    SELECT work FROM wakeups
    WHERE work = %s AND (waiting_since IS NULL OR waiting_since < now() - interval '{_STALE_AFTER}')
    FOR UPDATE SKIP LOCKED)
"""  # noqa: S608
_CLEAR = "UPDATE wakeups SET waiting_since = NULL WHERE work = %s AND waiting_since IS NOT NULL"
_ADD = "INSERT INTO wakeups (work) VALUES (%s) ON CONFLICT DO NOTHING"


def wake(work: str) -> None:
    """Once the current transaction has committed, see that a worker looks at ``work``. Never raises."""
    transaction.on_commit(lambda: _publisher().notify(work), robust=True)


def clear(work: str) -> None:
    """Say that a wake-up arrived; call it before claiming, outside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_CLEAR, [work])


def publish(work: str, *, force: bool = False) -> bool:
    """Publish a wake-up now unless one is waiting; ``force`` publishes all the same. True when it was published.

    Raises kombu's OperationalError when the broker is away.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SET, [work])
        if cursor.rowcount == 0 and not force:
            return False
    name = settings.POSTBOX_WORK[work]["task"]
    current_app.send_task(name, retry=False, ignore_result=True)
    return True


def ensure_rows() -> None:
    """Make the flag rows of all kinds of work."""
    with connection.cursor() as cursor:
        for work in settings.POSTBOX_WORK:
            cursor.execute(_ADD, [work])


def end() -> None:
    """End this process's publisher, once it has published what it was told of; waits for it."""
    if _current is not None and _current.is_alive():
        _current.end()
        _current.join(timeout=5)


class _Publisher(threading.Thread):
    """One a process. Collects names and publishes them; ends when idle so that nothing lingers at shutdown."""

    def __init__(self) -> None:
        super().__init__(name="wakeups", daemon=True)
        self.pid = os.getpid()
        self._wanted: set[str] = set()
        self._changed = threading.Condition()
        self._ended = False

    def offer(self, work: str) -> bool:
        with self._changed:
            if self._ended:
                return False
            self._wanted.add(work)
            self._changed.notify()
            return True

    def run(self) -> None:
        while names := self._wait():
            published = [self._publish(work) for work in names]
            time.sleep(_REST_SECONDS if any(published) else _LONG_REST_SECONDS)
        connection.close()

    def _wait(self) -> set[str]:
        with self._changed:
            if not self._wanted and not self._ended:
                self._changed.wait(_IDLE_SECONDS)
            names, self._wanted = self._wanted, set()
            self._ended = self._ended or not names
            return names

    def _publish(self, work: str) -> bool:
        try:
            return publish(work)
        except Exception as error:  # the broker or the database is away: the sweep will wake what waits
            log.warning("wakeup_not_published", extra={"work": work, "error": type(error).__name__})
            connection.close()
            return False

    def notify(self, work: str) -> None:
        if not self.offer(work):
            _publisher(renew=True).offer(work)

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()


_current: _Publisher | None = None
_making = threading.Lock()


def _publisher(*, renew: bool = False) -> _Publisher:
    """This process's publisher; made anew after a fork or when the last one ended."""
    global _current
    with _making:
        if _current is None or _current.pid != os.getpid() or not _current.is_alive() or (renew and _current._ended):
            _current = _Publisher()
            _current.start()
        return _current
