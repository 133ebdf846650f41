"""One batch: old messages, or old events that belong to none, deleted with everything of theirs in one transaction.

Decides which rows are old enough and that nobody waits long for a batch: it takes only rows that nobody holds, gives up
rather than wait for others, and is small. A message is old by the time in its id (a UUIDv7), so the primary key finds
them, and by the time at which it was received. Mail that still waits for somebody is never taken.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from postbox.desk.ids import first_id
from postbox.events import reaping as events
from postbox.mail import reaping as messages
from postbox.mail.models import Status
from postbox.retention import holds

Expiry = Callable[[datetime, int], int]

# Other states wait for the pipeline or for a person; a state that is not named here is never reaped.
SETTLED = (
    Status.PROCESSED,
    Status.QUARANTINED,
    Status.REFUSED,
    Status.ACCEPTED,
    Status.FAILED,
    Status.HELD,
    Status.UNKNOWN,
)
# Deleting a raw mail costs by its size, so a batch is bounded by octets, too.
BATCH_BYTES = 16 * 1024 * 1024
# Rows are to be found in the order of an index and no others read, whatever the statistics say of a table that shrinks.
# A commit holds its rows until the disk has it, so a batch does not wait for the disk; the bucket's part does, once for
# many batches (postbox.retention.bucket). What a crash takes back is deleted again.
_SET = """
SELECT set_config('lock_timeout', '50ms', true), set_config('synchronous_commit', 'off', true),
       set_config('enable_seqscan', 'off', true),
       set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true)
"""
# The spool's mover holds this lock while it copies: what it copies must not go meanwhile.
_SPOOL_IS_STILL = "SELECT pg_try_advisory_xact_lock(hashtext('postbox.spool'))"

_SETTLED = ", ".join(f"'{status}'" for status in SETTLED)
OLD_MESSAGES = f"""
FROM messages m
WHERE m.id > %(after)s AND m.id < %(before)s AND m.received_at < %(cutoff)s AND m.status IN ({_SETTLED})
  AND {holds.UNHELD.format(id="id")}
"""
PICK_MESSAGES = f"""
SELECT m.id, m.size, m.body_ref {OLD_MESSAGES}
  AND (%(still)s OR NOT EXISTS (SELECT 1 FROM mail_spool s WHERE s.message_id = m.id))
ORDER BY m.id LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
"""  # noqa: S608
OLD_EVENTS = f"""
FROM events m
WHERE m.id > %(after)s AND m.id < %(before)s AND m.created_at < %(cutoff)s
  AND (m.message_id IS NULL OR NOT EXISTS (SELECT 1 FROM messages WHERE messages.id = m.message_id))
  AND {holds.UNHELD.format(id="message_id")}
"""  # noqa: S608
PICK_EVENTS = f"SELECT m.id {OLD_EVENTS} ORDER BY m.id LIMIT %(limit)s"
_REMEMBER = """
INSERT INTO retention_reaped (message_id, body_ref) SELECT * FROM unnest(%s::uuid[], %s::text[])
ON CONFLICT (message_id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch deleted. ``last`` is the last id looked at, None where there was nothing more."""

    last: uuid.UUID | None
    messages: int = 0
    events: int = 0


def bounds(cutoff: datetime, after: uuid.UUID | None) -> dict[str, Any]:
    """The values of the statements above but their limit."""
    return {"after": after or uuid.UUID(int=0), "before": first_id(cutoff), "cutoff": cutoff}


def reap_messages(cutoff: datetime, after: uuid.UUID | None, limit: int) -> Batch:
    """Delete the next old messages in the caller's transaction, and note their blobs. Raises OperationalError."""
    _begin()
    with connection.cursor() as cursor:
        cursor.execute(_SPOOL_IS_STILL)
        (still,) = cursor.fetchone()
        cursor.execute(PICK_MESSAGES, bounds(cutoff, after) | {"limit": limit, "still": still})
        rows = _fitting(cursor.fetchall())
        if not rows:
            return Batch(None)
        ids = [row[0] for row in rows]
        # Also for a mail that never left the spool: its mover may have died after it had written the blob.
        cursor.execute(_REMEMBER, [ids, [body_ref for _, _, body_ref in rows]])
    gone = events.delete(events.of_messages(ids), _named("events"))
    for reap in _named("messages"):
        reap(ids)
    return Batch(ids[-1], messages.delete(ids), gone)


def reap_events(cutoff: datetime, after: uuid.UUID | None, limit: int) -> Batch:
    """Delete the next old events that belong to no message (any more) in the caller's transaction."""
    _begin()
    with connection.cursor() as cursor:
        cursor.execute(PICK_EVENTS, bounds(cutoff, after) | {"limit": limit})
        ids = [row[0] for row in cursor.fetchall()]
    return Batch(ids[-1], 0, events.delete(ids, _named("events"))) if ids else Batch(None)


def expiring() -> list[tuple[str, Expiry]]:
    """What else expires, by name: settings.POSTBOX_REAPERS["expired"]."""
    return [(name.rpartition(".")[2], import_string(name)) for name in settings.POSTBOX_REAPERS["expired"]]


def reap_expired(expiry: Expiry, cutoff: datetime, limit: int) -> int:
    """One batch of what one of these finds, in the caller's transaction. Raises OperationalError."""
    _begin()
    return expiry(cutoff, limit)


def _begin() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SET)
    holds.respect()


def _fitting(rows: Sequence[tuple[uuid.UUID, int, str]]) -> list[tuple[uuid.UUID, int, str]]:
    """The first rows that together are not too large; at least one."""
    fitting: list[tuple[uuid.UUID, int, str]] = []
    octets = 0
    for row in rows:
        octets += row[1]
        if fitting and octets > BATCH_BYTES:
            break
        fitting.append(row)
    return fitting


def _named(what: str) -> list[events.Reaper]:
    return [import_string(name) for name in settings.POSTBOX_REAPERS[what]]
