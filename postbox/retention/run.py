"""A run of retention: everything past the cutoff, a slice of some seconds at a time.

Decides when a run begins, where it goes on and when it is over. A run is a row: a worker that dies costs nothing, the
next slice goes on where the last batch was committed. One slice at a time in the whole system; whoever comes second
does nothing.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction

from postbox.audit.record import record
from postbox.events.plans import prefer_indexes
from postbox.lib import clock
from postbox.retention import batches, bucket
from postbox.retention.models import Run
from postbox.retention.pace import Pace

log = logging.getLogger(__name__)

SLICE_SECONDS = 10.0
_REFUSALS = 20
_AGAIN_AFTER = timedelta(minutes=10)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCK = "SELECT pg_try_advisory_lock(hashtext('postbox.retention'))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtext('postbox.retention'))"


class Busy(Exception):
    """Somebody else holds rows that a batch wants, again and again."""


def cutoff_of(days: int) -> datetime:
    """The time before which everything goes: so many days ago, to the millisecond, as ids are."""
    try:
        at = clock.now() - timedelta(days=days)
    except OverflowError:
        return _EPOCH
    return max(at.replace(microsecond=at.microsecond // 1000 * 1000), _EPOCH)


def start(days: int | None = None) -> Run:
    """The run that is to be worked off now: a new one, or the unfinished one, up to today's cutoff and due at once."""
    days = settings.POSTBOX_RETENTION_DAYS if days is None else days
    try:
        with transaction.atomic():
            return Run.objects.create(days=days, cutoff=cutoff_of(days))
    except IntegrityError:  # there is one: two beats, or a run that was cut off
        Run.objects.filter(finished_at=None).update(
            days=days, cutoff=cutoff_of(days), not_before=clock.now(), position=None
        )
        return Run.objects.filter(finished_at=None).first() or start(days)


def due() -> bool:
    """Whether a run waits to be gone on with."""
    return Run.objects.filter(finished_at=None, not_before__lte=clock.now()).exists()


def go_on(seconds: float = SLICE_SECONDS) -> bool:
    """Work on the unfinished run for about so long. True when it wants another slice at once."""
    prefer_indexes()
    if not _locked(_LOCK):
        return False
    try:
        run = Run.objects.filter(finished_at=None, not_before__lte=clock.now()).first()
        return run is not None and not _Slice(run, seconds).work()
    finally:
        _locked(_UNLOCK)


class _Slice:
    """Some seconds of a run."""

    def __init__(self, run: Run, seconds: float) -> None:
        self.run = run
        self.until = time.monotonic() + seconds
        self.pace = Pace()
        self.bucket_is_away = False
        self.blobs_left = 0  # since the bucket was last emptied

    def work(self) -> bool:
        """True when there is nothing more to do now."""
        try:
            done = self._messages() and self._blobs() and self._events() and self._expired()
        except Busy as error:
            log.error("retention_busy", exc_info=error)
            return self._later()
        if not done:
            return False
        return self._later() if bucket.left() else self._finish()

    # Each of these does one batch whatever the time, so that every slice brings the run forward.

    def _messages(self) -> bool:
        """All of them, and from the beginning again until nothing is found: a batch passes over what others hold."""
        found = self.run.position is not None
        while True:
            batch = self._batch(partial(batches.reap_messages, self.run.cutoff, self.run.position))
            self.blobs_left += batch.messages
            if self.blobs_left >= bucket.PORTION:
                self._empty_bucket()
            if batch.last is not None:
                found = True
            elif found:
                found, self.run.position = False, None
                self.run.save(update_fields=["position"])
            else:
                return True
            if self._is_over():
                return False

    def _blobs(self) -> bool:
        """What an earlier run left, or a bucket that was away."""
        while self._empty_bucket():
            if self._is_over():
                return False
        return True

    def _events(self) -> bool:
        after: uuid.UUID | None = None
        while True:
            batch = self._batch(partial(batches.reap_events, self.run.cutoff, after), moves=False)
            if batch.last is None or self._is_over():
                return batch.last is None
            after = batch.last

    def _expired(self) -> bool:
        for name, expiry in batches.expiring():
            while self._tried(partial(self._some_expired, name, expiry)):
                if self._is_over():
                    return False
        return True

    def _some_expired(self, name: str, expiry: batches.Expiry, limit: int) -> bool:
        if deleted := batches.reap_expired(expiry, self.run.cutoff, limit):
            self._count(**{name: deleted})
            self.run.save(update_fields=["counts"])
        return deleted > 0

    def _batch(self, reap: Callable[[int], batches.Batch], *, moves: bool = True) -> batches.Batch:
        """One batch, and how far the run has come."""
        batch = batches.Batch(None)

        def reap_and_note(limit: int) -> bool:
            nonlocal batch
            batch = reap(limit)
            self._note(batch, moves)
            return batch.last is not None

        self._tried(reap_and_note)
        return batch

    def _tried(self, work: Callable[[int], bool]) -> bool:
        """Do this for so many rows in one transaction, again where others hold its rows; whether it found any."""
        last: Exception | None = None
        for _ in range(_REFUSALS):
            began = time.monotonic()
            try:
                with transaction.atomic():
                    found = work(self.pace.size)
            except (OperationalError, IntegrityError) as error:
                self._refused(error)
                last = error
                continue
            if found:
                took = time.monotonic() - began
                self.pace.took(took)
                self.pace.rest(took)
            return found
        raise Busy(f"a batch could not be deleted in {_REFUSALS} tries") from last

    def _note(self, batch: batches.Batch, moves: bool) -> None:
        if batch.last is None:
            return
        self._count(messages=batch.messages, events=batch.events)
        if moves:
            self.run.position = batch.last
        self.run.save(update_fields=["counts", "position"])

    def _refused(self, error: Exception) -> None:
        """Locks that others hold (they time out), and what a replay wrote between two statements of ours."""
        if not connection.is_usable():
            raise error
        self.run.refresh_from_db()  # what the batch that was rolled back had counted is forgotten
        log.info("retention_batch_refused", extra={"error": type(error).__name__})
        self.pace.took(1.0)
        self.pace.rest(self.pace.size / 1000)

    def _empty_bucket(self) -> int:
        if self.bucket_is_away:
            return 0
        self.blobs_left = 0
        try:
            blobs = bucket.empty()
        except bucket.BucketAway as error:
            log.warning("bucket_away", exc_info=error)
            self.bucket_is_away = True
            return 0
        if blobs:
            self._count(blobs=blobs)
            self.run.save(update_fields=["counts"])
        return blobs

    def _count(self, **deleted: int) -> None:
        for name, count in deleted.items():
            self.run.counts[name] = self.run.counts.get(name, 0) + count

    def _is_over(self) -> bool:
        return time.monotonic() > self.until

    def _later(self) -> bool:
        """Somebody is in the way, or the bucket is away: the sweep wakes us again."""
        self.run.not_before = clock.now() + _AGAIN_AFTER
        self.run.save(update_fields=["not_before"])
        return True

    def _finish(self) -> bool:
        with transaction.atomic():
            self.run.finished_at, self.run.position = clock.now(), None
            self.run.save(update_fields=["finished_at", "position"])
            cutoff = self.run.cutoff.isoformat()
            record("retention", "retention.run", self.run.pk, days=self.run.days, cutoff=cutoff, **self.run.counts)
        log.info("retention_finished", extra={"run": str(self.run.pk), "counts": self.run.counts})
        return True


def _locked(sql: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return bool(cursor.fetchone()[0])
