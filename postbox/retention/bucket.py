"""The blobs of messages that were reaped.

Decides that a blob goes after its rows are durably gone, and that it is remembered until it is gone for good: a crash
leaves a row of ``retention_reaped``, from which the next run goes on.
"""

from __future__ import annotations

import logging

from django.db import connection

from postbox.lib import crash
from postbox.mail import blobs
from postbox.retention.models import ReapedMessage

log = logging.getLogger(__name__)

PORTION = 500
# A commit of its own that waits for the disk, and so for every commit before it: batches did not.
_FLUSH = "SELECT pg_logical_emit_message(true, 'postbox.retention', '')"
_SAID = 3


class BucketAway(Exception):
    """The bucket did not delete all that it was asked to."""


def empty() -> int:
    """Delete a portion of what is remembered. Returns how many blobs went. Raises BucketAway; nothing is forgotten."""
    rows = list(ReapedMessage.objects.order_by("message_id")[:PORTION])
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_FLUSH)
    crash.point("retention.rows_gone")
    failures = blobs.delete_all(_name(row) for row in rows)
    crash.point("retention.blobs_gone")
    kept = [row for row in rows if _kept(row, failures.get(_name(row)))]
    ReapedMessage.objects.filter(pk__in={row.pk for row in rows} - {row.pk for row in kept}).delete()
    for row in kept[:_SAID]:
        log.warning("blob_not_deleted", extra={"message_id": str(row.pk)}, exc_info=failures[_name(row)])
    if kept:
        raise BucketAway(f"{len(kept)} of {len(rows)} blobs could not be deleted")
    return len(rows)


def _name(row: ReapedMessage) -> str:
    return row.body_ref or blobs.name_of(row.message_id)


def _kept(row: ReapedMessage, error: Exception | None) -> bool:
    """A mail that never left the spool has no blob where there is no bucket yet."""
    return error is not None and not (row.body_ref == "" and isinstance(error, FileNotFoundError))


def left() -> bool:
    """Whether blobs are still to go."""
    return ReapedMessage.objects.exists()
