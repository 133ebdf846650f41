"""Letting go the copies of events that nobody took in time.

Decides by the kind's lifetime (settings.POSTBOX_EVENT_LIFETIMES). The event itself stays, and the audit says what was
let go. Each turn looks at the oldest copies of a consumer only, so that a backlog costs no turn more than another.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction

from postbox.audit.record import record
from postbox.events.emit import consumers_of
from postbox.lib import clock

_LOOKED_AT = 2_000
_EXPIRE = """
WITH oldest AS MATERIALIZED (
    SELECT id, event_id FROM event_copies WHERE consumer = %(consumer)s ORDER BY id LIMIT %(most)s
), late AS (
    SELECT oldest.id FROM oldest CROSS JOIN LATERAL (SELECT * FROM events WHERE id = oldest.event_id OFFSET 0) e
    WHERE e.kind = %(kind)s AND e.created_at < %(before)s
), locked AS (
    SELECT c.id FROM event_copies c JOIN late ON late.id = c.id ORDER BY c.id FOR UPDATE OF c SKIP LOCKED
)
DELETE FROM event_copies c USING locked WHERE c.id = locked.id
"""


def expire() -> int:
    """Let go what is late; returns how many copies. A few statements, and none that waits."""
    return sum(
        _expire(consumer, kind, seconds)
        for kind, seconds in settings.POSTBOX_EVENT_LIFETIMES.items()
        for consumer in consumers_of(kind)
    )


def _expire(consumer: str, kind: str, seconds: int) -> int:
    before = clock.now() - timedelta(seconds=seconds)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_EXPIRE, {"consumer": consumer, "kind": kind, "before": before, "most": _LOOKED_AT})
        gone: int = cursor.rowcount
        if gone:
            record("postbox", "events.expired", kind, consumer=consumer, count=gone)
    return gone
