"""Adding what a process has counted to the rows of all processes, every few seconds while it counts.

Decides when it is written: by a thread of its own that ends when there is nothing more, so that an idle process has
neither the thread nor its database session. A writing that fails is tried again; nobody waits for it.
"""

from __future__ import annotations

import logging
import os
import threading

from django.db import connection, transaction

from postbox.metrics.counts import HELD, rows_of

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
# Rows of one statement are locked in the same order by everybody, so no two writers wait for each other in a circle.
_ADD = """
INSERT INTO metric_samples (name, labels, value)
SELECT * FROM unnest(%s::text[], %s::text[], %s::float8[]) ORDER BY 1, 2
ON CONFLICT (name, labels) DO UPDATE SET value = metric_samples.value + excluded.value
"""


def write() -> int:
    """Add what this process holds to the rows; gives how many. What cannot be written is held on to."""
    values, times = HELD.take()
    rows = rows_of(values, times)
    if not rows:
        return 0
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")  # a crash of the machine may cost a second's counts
            cursor.execute(_ADD, [list(column) for column in zip(*rows, strict=True)])
    except Exception:
        HELD.give_back(values, times)
        raise
    return len(rows)


def end() -> None:
    """Write what is held and end the thread, if there is one; waits for it."""
    writer = _current
    if writer is not None and writer.pid == os.getpid() and writer.is_alive():
        writer.stop()
        writer.join(timeout=5)


class _Writer(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="metrics", daemon=True)
        self.pid = os.getpid()
        self._stop_asked = threading.Event()

    def run(self) -> None:
        try:
            while True:
                stopping = self._stop_asked.wait(EVERY_SECONDS)
                if HELD.nothing_held():
                    return
                self._write()
                if stopping:
                    HELD.let_go()
                    return
        finally:
            connection.close()

    def _write(self) -> None:
        try:
            write()
        except Exception as error:  # the database is away, or the process is about to end: it keeps for the next turn
            log.warning("metrics_not_written", extra={"error": type(error).__name__})
            connection.close()

    def stop(self) -> None:
        self._stop_asked.set()


_current: _Writer | None = None


def _start() -> None:
    global _current
    _current = _Writer()
    _current.start()


HELD.call_on_first(_start)
