"""What a run would delete, without deleting it. Decides nothing and locks nothing."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from postbox.retention.batches import OLD_EVENTS, OLD_MESSAGES, SETTLED, bounds
from postbox.retention.holds import UNHELD
from postbox.retention.models import ReapedMessage

_SETTLED = ", ".join(f"'{status}'" for status in SETTLED)
_SPOOLED = "EXISTS (SELECT 1 FROM mail_spool s WHERE s.message_id = m.id)"
_MESSAGES = f"""
SELECT count(*), coalesce(sum(m.size), 0)::bigint, count(*) FILTER (WHERE {_SPOOLED}) {OLD_MESSAGES}
"""
_EVENTS = f"SELECT count(*) {OLD_EVENTS}"
_KEPT = f"""
SELECT count(*) FILTER (WHERE m.status NOT IN ({_SETTLED})), count(*) FILTER (WHERE NOT ({UNHELD.format(id="id")}))
FROM messages m WHERE m.id < %(before)s AND m.received_at < %(cutoff)s
"""  # noqa: S608


def of(cutoff: datetime) -> dict[str, str | int]:
    """Counts by name; ``octets`` are of raw mail, ``blobs_left`` what an earlier run has still to delete."""
    values = bounds(cutoff, None)
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES, values)
        messages, octets, spooled = cursor.fetchone()
        cursor.execute(_EVENTS, values)
        (events,) = cursor.fetchone()
        cursor.execute(_KEPT, values)
        waiting, held = cursor.fetchone()
    return {
        "cutoff": cutoff.isoformat(),
        "messages": messages,
        "octets": octets,
        "spooled": spooled,
        "events_without_message": events,
        "kept_waiting": waiting,
        "kept_by_hold": held,
        "blobs_left": ReapedMessage.objects.count(),
    }
