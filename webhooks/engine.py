"""The threads of one process that post deliveries.

Decides nothing about turns (webhooks.lanes), outcomes (webhooks.outcomes) or rows (webhooks.settler). Posting threads
never touch the database. All are daemons: a process that is killed leaves leases that run out.
"""

from __future__ import annotations

import os
import queue
import threading
import time
import uuid
from collections.abc import Sequence

from django.conf import settings

from postbox.lib import resolver
from postbox.lib.egress import Client
from webhooks import deliver
from webhooks.jobs import Job
from webhooks.lanes import Lanes
from webhooks.outcomes import Tried
from webhooks.settler import Settler

_IDLE_SECONDS = 30.0
CLOSE_SECONDS = 5.0


class Engine:
    """Posts what ``submit`` is given and has it settled. One serves a process; ``current()`` gives it."""

    def __init__(self, client: Client, *, lanes: Lanes | None = None) -> None:
        self.pid = os.getpid()
        self._client = client
        self._lanes = lanes or Lanes()
        self._lock = threading.Lock()
        self._quiet = threading.Condition(self._lock)
        self._todo: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._threads = 0
        self._results: list[Tried] = []
        self._closed = False
        self.settler = Settler(self._collect, self._note_quiet)

    def submit(self, jobs: Sequence[Job]) -> None:
        """Take jobs over; each is posted or given back, and settled."""
        with self._lock:
            for job in jobs:
                self._lanes.add(job)
            if self._closed:
                self._lanes.give_back_all()
            self._start_all()
        self.settler.notify()

    def rooms(self) -> tuple[int, int, dict[uuid.UUID, int]]:
        """What may be claimed: of healthy endpoints, of slow ones, and of each that is busy here."""
        with self._lock:
            if self._closed:
                return 0, 0, {}
            return self._lanes.room(), self._lanes.slow_room(), self._lanes.rooms()

    def wait_until_quiet(self, seconds: float) -> bool:
        """Wait until nothing is held and all is settled. False when that took longer."""
        with self._quiet:
            return self._quiet.wait_for(self._is_quiet, seconds)

    def close(self, seconds: float = CLOSE_SECONDS) -> bool:
        """Start nothing more, give back what waits, settle what ends in time. The rest is left to its leases."""
        with self._lock:
            self._closed = True
            self._lanes.give_back_all()
        self.settler.notify()
        ended = self.wait_until_quiet(seconds)
        self.settler.stop()
        self._client.close()
        return ended

    def _start_all(self) -> None:
        """Hand every job that may start to a thread of its own. The lock is held."""
        while not self._closed and (job := self._lanes.start(time.monotonic())):
            self._todo.put(job)
        while self._threads < self._lanes.in_flight:
            self._threads += 1
            threading.Thread(target=self._serve, name="webhook-post", daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                job: Job | None = self._todo.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                with self._lock:  # jobs are put under the lock, so none slips in between this look and the end
                    if self._todo.empty():
                        self._threads -= 1
                        return
                continue
            while job is not None:
                job = self._post(job)

    def _post(self, job: Job) -> Job | None:
        """Post one job; gives the next that this thread may go on with, which costs no hand-over."""
        tried = deliver.post(self._client, job)
        with self._lock:
            self._lanes.finish(job, good=200 <= tried.status < 300, seconds=tried.seconds)
            self._results.append(tried)
            following = None if self._closed else self._lanes.start(time.monotonic())
            self._start_all()
        self.settler.notify()
        return following

    def _collect(self) -> tuple[list[Tried], list[Job], bool]:
        """For the settler: what has ended, what was given back, and whether anything is still held."""
        with self._lock:
            self._lanes.look(time.monotonic())
            self._start_all()
            results, self._results = self._results, []
            return results, self._lanes.take_returned(), self._lanes.held > 0

    def _is_quiet(self) -> bool:
        return not (self._lanes.held or self._results or self._lanes.has_returned or self.settler.is_busy)

    def _note_quiet(self) -> None:
        with self._quiet:
            if self._is_quiet():
                self._quiet.notify_all()


_current: Engine | None = None
_making = threading.Lock()


def current() -> Engine:
    """This process's engine, made when it is first needed and anew after a fork."""
    global _current
    with _making:
        if _current is None or _current.pid != os.getpid():
            resolve = resolver.of(settings.POSTBOX_DNS_SERVERS)
            _current = Engine(Client(allow_loopback=settings.POSTBOX_WEBHOOK_ALLOW_LOOPBACK, resolver=resolve))
        return _current


def close() -> None:
    """End this process's engine, if it has one; the next ``current()`` makes another."""
    global _current
    with _making:
        ending, _current = _current, None
    if ending is not None and ending.pid == os.getpid():
        ending.close()
