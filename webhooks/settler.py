"""The thread of one process that writes down how posts went.

Decides that results are written in batches every few milliseconds as they come, so that nothing waits for the slowest
post of a batch, and that a database which is away is tried again while the leases hold. It also wakes a worker when
there is room for what was left behind, and for retries that are seconds away; others are left to the sweep.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import datetime

from django.db import connection

from postbox.events import wakeups
from postbox.events.plans import prefer_indexes
from postbox.lib import clock
from webhooks import claim
from webhooks.jobs import Job
from webhooks.outcomes import Outcome, Tried, judge
from webhooks.settle import settle

log = logging.getLogger(__name__)

_GATHER_SECONDS = 0.015
_LOOK_SECONDS = 0.1
_IDLE_SECONDS = 30.0
_PAUSE_SECONDS = 1.0
_WAKE_WITHIN = 60.0
_NEVER = float("inf")
_chance = random.SystemRandom()

Collect = Callable[[], tuple[list[Tried], list[Job], bool]]


class Settler:
    """Settles what ``collect`` gives: ended tries, claims to give back, and whether more is to come."""

    def __init__(self, collect: Collect, on_settled: Callable[[], None]) -> None:
        self._collect, self._on_settled = collect, on_settled
        self._news = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._more_waits = self._has_room = False
        self._wake_at = _NEVER
        self.is_busy = False

    def notify(self) -> None:
        """There is something to collect."""
        if not self._news.is_set():
            self._news.set()
        if self._thread is None:
            self._start()

    def note_left(self) -> None:
        """Due deliveries were left for want of room: a worker is to be woken once there is some."""
        self._more_waits = True

    def stop(self) -> None:
        """End the thread after what it is doing."""
        self._stopped = True
        self._news.set()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="webhook-settler", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        more = True
        while not self._stopped:
            self._wait(more)
            self.is_busy = True
            try:
                more = self._work()
            finally:
                self.is_busy = False
            self._on_settled()
            self._wake()
        connection.close()

    def _wait(self, more: bool) -> None:
        seconds = _LOOK_SECONDS if more else min(_IDLE_SECONDS, max(0.0, self._wake_at - time.monotonic()))
        if self._news.wait(seconds):
            time.sleep(_GATHER_SECONDS)
            self._news.clear()
        elif not more:
            connection.close()

    def _work(self) -> bool:
        results, returned, more = self._collect()
        if results:
            now = clock.now()
            outcomes = [judge(tried, now, _chance.random) for tried in results]
            if self._persist(lambda: _settle(outcomes)):
                self._note_retries(outcomes, now)
        if returned:
            held = [(job.claimed.id, job.claimed.token) for job in returned]
            self._persist(lambda: claim.release(held))
            self._more_waits = True
        self._has_room = bool(results or returned)
        return more

    def _persist(self, write: Callable[[], object]) -> bool:
        """Write, and again while the leases hold. False when they are left to run out: it is delivered again then."""
        until = time.monotonic() + claim.LEASE.total_seconds()
        while True:
            try:
                write()
            except Exception as error:
                log.error("not_settled", exc_info=error)
                connection.close()
                if self._stopped or time.monotonic() > until:
                    return False
                time.sleep(_PAUSE_SECONDS)
            else:
                return True

    def _note_retries(self, outcomes: list[Outcome], now: datetime) -> None:
        waits = [(outcome.not_before - now).total_seconds() for outcome in outcomes if not outcome.is_final]
        if waits and min(waits) < _WAKE_WITHIN:
            self._wake_at = min(self._wake_at, time.monotonic() + max(0.0, min(waits)))

    def _wake(self) -> None:
        due = time.monotonic() >= self._wake_at
        if not (due or (self._more_waits and self._has_room)):
            return
        self._more_waits, self._wake_at = False, _NEVER if due else self._wake_at
        try:
            wakeups.publish("webhooks")
        except Exception as error:  # the broker or the database is away: the sweep finds what waits
            log.warning("wakeup_not_published", extra={"error": type(error).__name__})
            connection.close()

    def join(self) -> None:
        """Wait until the thread has ended, after ``stop``."""
        if self._thread is not None:
            self._thread.join(_IDLE_SECONDS)


def _settle(outcomes: list[Outcome]) -> int:
    prefer_indexes()
    return settle(outcomes)
