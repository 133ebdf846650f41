"""Deleting events with their copies.

Decides the order in which they are locked. A consumer that is taking a copy holds it until it has written what it made
of the event, so copies are asked for first: whoever has them before us is never waited for with the event in hand.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from django.db import connection

Reaper = Callable[[Sequence[uuid.UUID]], object]

_OF_MESSAGES = "SELECT id FROM events WHERE message_id = ANY(%s)"
_COPIES = "DELETE FROM event_copies WHERE event_id = ANY(%s)"
_EVENTS = "DELETE FROM events WHERE id = ANY(%s)"


def of_messages(message_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """The events of these messages."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_MESSAGES, [list(message_ids)])
        return [row[0] for row in cursor.fetchall()]


def delete(ids: Sequence[uuid.UUID], reapers: Sequence[Reaper]) -> int:
    """Delete these events, after ``reapers`` deleted what higher layers made of them; in the caller's transaction."""
    if not ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_COPIES, [list(ids)])
        for reap in reapers:
            reap(ids)
        cursor.execute(_EVENTS, [list(ids)])
        deleted: int = cursor.rowcount
    return deleted
