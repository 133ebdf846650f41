"""Moving raw mail from the spool to the bucket, off the hot path.

Decides when a mail may move: once the pipeline is done with it, and a small portion at a time while that is behind. A
bucket that refuses costs nothing but room in the spool: the row stays, and is tried again a minute later.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.db import connection
from django.db.models import QuerySet

from postbox.ingest import bucket, claim
from postbox.lib import clock, crash
from postbox.mail import blobs
from postbox.mail.models import SpooledMail, Status
from postbox.mail.raw import stamp_body_refs

log = logging.getLogger(__name__)

PORTION = 50
PORTION_BYTES = 16 * 1024 * 1024
RUN_SECONDS = 8.0
# The pipeline, or the transport, reads it yet.
_STILL_NEEDED = (Status.RECEIVED, Status.QUEUED, Status.SENDING)
_AGAIN_AFTER = timedelta(seconds=60)
# One mover at a time: two would write the same blobs.
_LOCK = "SELECT pg_try_advisory_lock(hashtext('postbox.spool'))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtext('postbox.spool'))"


def due() -> bool:
    """Whether a processed mail still lies in the spool."""
    return _waiting().exists()


def empty() -> int:
    """Move what is due for some seconds; after one portion give way while the pipeline is behind."""
    if not _locked(_LOCK):
        return 0
    try:
        if not _bucket_is_right():
            return 0
        return _empty(time.monotonic() + RUN_SECONDS)
    finally:
        _locked(_UNLOCK)


def _bucket_is_right() -> bool:
    try:
        return bucket.is_right()
    except Exception as error:  # a bucket that does not even tell its id: as one that refuses
        log.warning("bucket_away", exc_info=error)
        return False


def _empty(until: float) -> int:
    moved = 0
    while time.monotonic() < until:
        rows = _portion()
        moved += _move(rows)
        if not rows or claim.behind():
            break
    return moved


def _portion() -> list[SpooledMail]:
    """The next mails to move: so many and so large that they fit in memory, at least one."""
    chosen: list[uuid.UUID] = []
    octets = 0
    for pk, size in _waiting().order_by("not_before").values_list("pk", "message__size")[:PORTION]:
        octets += size
        if chosen and octets > PORTION_BYTES:
            break
        chosen.append(pk)
    return list(SpooledMail.objects.filter(pk__in=chosen))


def _waiting() -> QuerySet[SpooledMail]:
    return SpooledMail.objects.filter(not_before__lte=clock.now()).exclude(message__status__in=_STILL_NEEDED)


def _move(rows: Sequence[SpooledMail]) -> int:
    """Write a portion, have it durable, then stamp it. What the bucket refuses stays and is tried again later."""
    refs = _write(rows)
    try:
        blobs.make_durable(refs.values())
    except OSError as error:
        log.warning("bucket_not_durable", exc_info=error)
        refs = {}
    crash.point("spool.written")
    left = [row.pk for row in rows if row.message_id not in refs]
    if left:
        SpooledMail.objects.filter(pk__in=left).update(not_before=clock.now() + _AGAIN_AFTER)
    if refs:
        stamp_body_refs(refs)
    return len(refs)


def _write(rows: Sequence[SpooledMail]) -> dict[uuid.UUID, str]:
    refs, failures = blobs.write_all({row.message_id: bytes(row.body) for row in rows})
    for message_id, error in failures.items():
        log.warning("bucket_refused", extra={"message_id": str(message_id)}, exc_info=error)
    return refs


def _locked(sql: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return bool(cursor.fetchone()[0])
