"""What of the gate's memory expires beside mail: fingerprints, campaigns, domains that wrote.

Decides when such a row has nothing left to tell. It is called by retention, in transactions of its making, and waits
for nobody's rows. The rows hold keyed hashes, ids, domains and counts; a legal hold keeps mail and not these.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from postbox.lib import clock

_FINGERPRINTS = """
DELETE FROM fingerprints WHERE key = ANY (ARRAY(
    SELECT key FROM fingerprints WHERE seen_at < %s ORDER BY seen_at LIMIT %s FOR UPDATE SKIP LOCKED))
"""
_CAMPAIGNS = """
WITH gone AS (
    DELETE FROM campaigns WHERE id = ANY (ARRAY(
        SELECT id FROM campaigns WHERE last_seen < %s ORDER BY last_seen LIMIT %s FOR UPDATE SKIP LOCKED))
    RETURNING id
), addresses AS (
    DELETE FROM campaign_addresses a USING gone WHERE a.campaign_id = gone.id
)
SELECT count(*) FROM gone
"""
# Materialized: a plan that looked once for each row would find other rows each time, past the ones that it holds.
_CORRESPONDENTS = """
WITH old AS MATERIALIZED (
    SELECT owner_id, domain FROM correspondents WHERE last_seen < %s ORDER BY last_seen LIMIT %s FOR UPDATE SKIP LOCKED
)
DELETE FROM correspondents c USING old WHERE c.owner_id = old.owner_id AND c.domain = old.domain
"""
_BASELINES = """
WITH old AS MATERIALIZED (
    SELECT agent_id, sender FROM baselines WHERE day < (%s AT TIME ZONE 'UTC')::date
    ORDER BY day LIMIT %s FOR UPDATE SKIP LOCKED
)
DELETE FROM baselines b USING old WHERE b.agent_id = old.agent_id AND b.sender = old.sender
"""


def fingerprints(cutoff: datetime, limit: int) -> int:
    """Fingerprints by which no mail is known any more, however long mail is kept."""
    oldest = clock.now() - timedelta(days=settings.POSTBOX_FINGERPRINT_DAYS)
    return _deleted(_FINGERPRINTS, max(oldest, cutoff), limit)


def campaigns(cutoff: datetime, limit: int) -> int:
    """Campaigns of which no mail came since ``cutoff``, with the addresses that they reached."""
    with connection.cursor() as cursor:
        cursor.execute(_CAMPAIGNS, [cutoff, limit])
        return int(cursor.fetchone()[0])


def correspondents(cutoff: datetime, limit: int) -> int:
    """Domains that have not written since ``cutoff``."""
    return _deleted(_CORRESPONDENTS, cutoff, limit)


def baselines(cutoff: datetime, limit: int) -> int:
    """What is known of senders and agents of whom no mail came since ``cutoff``."""
    return _deleted(_BASELINES, cutoff, limit)


def _deleted(sql: str, before: datetime, limit: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, [before, limit])
        deleted: int = cursor.rowcount
    return deleted
