"""Working off what waits for webhooks: fan new events out, claim what is due, hand both to the engine.

Decides when to look and when to stop. While a run looks it keeps the wake-up flag set, so that nobody pays for waking
it; when it has found nothing for a moment it clears the flag, looks once more and goes. What is still in flight then is
the engine's and the settler's. One run a process: a second that is woken makes the first look again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from datetime import timedelta

from django.db.models.functions import Now

from postbox.events import wakeups
from postbox.events.models import Wakeup
from postbox.events.plans import prefer_indexes
from postbox.lib import clock
from postbox.lib.envelope import MasterKeyMissing
from webhooks import claim
from webhooks.engine import Engine, current
from webhooks.jobs import Job, Undeliverable, prepare
from webhooks.outcomes import undeliverable
from webhooks.settle import settle

log = logging.getLogger(__name__)

RUN_SECONDS = 5.0
# A run stays so long after the last find: a steady trickle costs looks and no wake-ups.
_LINGER_SECONDS = 0.06
_REST_SECONDS = 0.016
_AGAIN_EVERY = 0.2
_FLAG_EVERY = 1.0
_OWN_TROUBLE = timedelta(seconds=15)


class _Turn:
    """Whose turn it is to look in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = self._asked = False

    def take(self) -> bool:
        """False when another has it, who will look again before it ends."""
        with self._lock:
            self._asked, took = self._taken, not self._taken
            self._taken = True
            return took

    def end(self, *, anyway: bool = False) -> bool:
        """End the turn; False when somebody asked for another look in the meantime."""
        with self._lock:
            if self._asked and not anyway:
                self._asked = False
                return False
            self._taken = self._asked = False
            return True


_turn = _Turn()


def run(engine: Engine | None = None) -> int:
    """Work off what is due, for some seconds. Returns how many events and deliveries were found."""
    if not _turn.take():
        return 0
    try:
        prefer_indexes()
        look = _Look(engine or current())
        until = time.monotonic() + RUN_SECONDS
        while time.monotonic() < until:
            look.until_idle(until)
            wakeups.clear("webhooks")
            if not look.once(everything=True) and _turn.end():
                return look.found
    except BaseException:
        _turn.end(anyway=True)
        raise
    _turn.end(anyway=True)
    wakeups.publish("webhooks", force=True)
    return look.found


class _Look:
    """One run's looks into the database."""

    def __init__(self, engine: Engine) -> None:
        self.found = 0
        self._engine = engine
        self._behind = True
        self._next_again = 0.0
        self._next_flag = time.monotonic() + _FLAG_EVERY

    def until_idle(self, until: float) -> None:
        """Look again and again, until nothing was found for a moment."""
        last = time.monotonic()
        while (now := time.monotonic()) < until and now - last < _LINGER_SECONDS:
            if now > self._next_flag:
                Wakeup.objects.filter(work="webhooks").update(waiting_since=Now())
                self._next_flag = now + _FLAG_EVERY
            count = self.once()
            if count:
                last = time.monotonic()
            if count < claim.BATCH:
                time.sleep(_REST_SECONDS)

    def once(self, *, everything: bool = False) -> int:
        """Take new events and, now and then or when some were left, what is due again. Returns how many."""
        count = 0
        if everything or self._behind or time.monotonic() > self._next_again:
            count += self._again()
        count += self._new()
        self.found += count
        return count

    def _new(self) -> int:
        room, _, rooms = self._engine.rooms()
        if not room:
            return 0
        fanned = claim.new(min(claim.BATCH, room), rooms)
        self._behind = self._behind or fanned.left > 0
        self._hand_over(fanned.deliveries)
        return fanned.events

    def _again(self) -> int:
        self._next_again = time.monotonic() + _AGAIN_EVERY
        room, slow_room, rooms = self._engine.rooms()
        found = claim.again(min(claim.BATCH, room), slow_room, rooms) if room or slow_room else []
        self._behind = bool(found)
        if found or not room or not slow_room or 0 in rooms.values():
            self._engine.settler.note_left()
        self._hand_over(found)
        return len(found)

    def _hand_over(self, deliveries: Sequence[claim.Claimed]) -> None:
        jobs: list[Job] = []
        lost, failed = [], []
        for claimed in deliveries:
            try:
                jobs.append(prepare(claimed))
            except Undeliverable as error:
                log.error("undeliverable", extra={"delivery_id": claimed.id, "reason": error.failure.value})
                lost.append(undeliverable(claimed, error.failure, clock.now()))
            except MasterKeyMissing as error:  # our own trouble, not the delivery's: it must not cost it an attempt
                log.error("delivery_released", extra={"delivery_id": claimed.id}, exc_info=error)
                failed.append((claimed.id, claimed.token))
        if jobs:
            self._engine.submit(jobs)
        if lost:
            settle(lost)
        claim.release(failed, _OWN_TROUBLE)
