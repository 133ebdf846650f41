"""What providers have handed over before.

Decides that an event is stored once. It holds a hash and a time, nothing of a mail.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db import connection, models

from postbox.lib import clock

# As long as a signature of any provider's is taken, and a little more: until then a replay must be known.
KEPT = timedelta(days=4)
_FIRST = """
INSERT INTO inbound_events (provider, event, received_at) VALUES (%s, %s, %s) ON CONFLICT (provider, event) DO NOTHING
"""
_EXPIRE = """
DELETE FROM inbound_events WHERE id = ANY (ARRAY(
    SELECT id FROM inbound_events WHERE received_at < %s ORDER BY received_at LIMIT %s FOR UPDATE SKIP LOCKED))
"""


class InboundEvent(models.Model):
    """A mail that a provider handed over; ``event`` is the SHA-256 of its id there."""

    provider = models.CharField(max_length=16, editable=False)
    event = models.BinaryField(max_length=32, editable=False)
    received_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        app_label = "ingest"
        db_table = "inbound_events"
        constraints = [models.UniqueConstraint(fields=["provider", "event"], name="inbound_events_once")]
        indexes = [models.Index(fields=["received_at"], name="inbound_events_received")]

    def __str__(self) -> str:
        return f"{self.provider} {self.received_at:%Y-%m-%d %H:%M}"


def is_first(provider: str, event: str) -> bool:
    """Note an event, in the caller's transaction. A second request with it waits for the first one's end."""
    digest = hashlib.sha256(event.encode("utf-8", "replace")).digest()
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, [provider, digest, clock.now()])
        return bool(cursor.rowcount)


def expire(before: datetime, limit: int) -> int:
    """Forget at most ``limit`` events from before that time, none within KEPT; how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRE, [min(before, clock.now() - KEPT), limit])
        return int(cursor.rowcount)
