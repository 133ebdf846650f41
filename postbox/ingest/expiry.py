"""What of this package expires beside mail: names of conversations, finished work over stored mail, providers' events.

Decides when such a row has nothing left to tell. It is called by retention, in transactions of its making, and waits
for nobody's rows. A legal hold keeps mail and not these: they hold hashes, ids and counts, and a message that is kept
keeps its thread.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from postbox.desk.ids import first_id
from postbox.ingest.inbound import models as inbound
from postbox.ingest.limiting import buckets
from postbox.lib import clock

# A name that was last used before the cutoff is known by expired mail alone. Whoever answers such a mail all the same
# still finds the thread by its first mail's name, of which the thread's id is made.
_NAMES = """
DELETE FROM thread_keys WHERE key = ANY (ARRAY(
    SELECT key FROM thread_keys WHERE seen_at < %s ORDER BY seen_at LIMIT %s FOR UPDATE SKIP LOCKED))
"""
_FINISHED = """
DELETE FROM reexaminations WHERE id = ANY (ARRAY(
    SELECT id FROM reexaminations WHERE id < %s AND finished_at < %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED))
"""


def thread_names(cutoff: datetime, limit: int) -> int:
    """Names of conversations that no mail used since ``cutoff``."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, [cutoff, limit])
        deleted: int = cursor.rowcount
    return deleted


def reexaminations(cutoff: datetime, limit: int) -> int:
    """Work over stored mail that was finished before ``cutoff``; what is not finished stays, however old."""
    with connection.cursor() as cursor:
        cursor.execute(_FINISHED, [first_id(cutoff), cutoff, limit])
        deleted: int = cursor.rowcount
    return deleted


def rate_buckets(cutoff: datetime, limit: int) -> int:
    """Counts of windows that have ended, however long mail is kept."""
    return buckets.expire(clock.now(), limit)


def provider_events(cutoff: datetime, limit: int) -> int:
    """Events of mail providers that can no longer be replayed."""
    return inbound.expire(cutoff, limit)
