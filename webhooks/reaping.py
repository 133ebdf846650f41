"""What of webhooks expires: deliveries and tries with their events, secrets that sign no more, deleted endpoints.

Decides when an endpoint's row has nothing left to tell. It is called by retention, in transactions of its making.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from postbox.desk.ids import first_id
from postbox.lib import clock
from webhooks.models import EndpointState

_ATTEMPTS = """
DELETE FROM webhook_attempts
WHERE delivery_id = ANY (ARRAY(SELECT id FROM webhook_deliveries WHERE event_id = ANY(%s)))
"""
_DELIVERIES = "DELETE FROM webhook_deliveries WHERE event_id = ANY(%s)"
_SECRETS = """
DELETE FROM webhook_secrets WHERE id = ANY (ARRAY(
    SELECT id FROM webhook_secrets WHERE expires_at <= %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED))
"""
# Nobody reads a deleted endpoint's row for its own sake: it stands for its deliveries until the last has expired.
_ENDPOINTS = f"""
SELECT w.id FROM inbound_webhooks w
WHERE w.state = '{EndpointState.DELETED}' AND w.id < %(before)s
  AND coalesce(w.last_success_at, w.created_at) < %(cutoff)s AND coalesce(w.last_failure_at, w.created_at) < %(cutoff)s
  AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = w.id)
ORDER BY w.id LIMIT %(limit)s FOR UPDATE OF w SKIP LOCKED
"""  # noqa: S608


def of_events(event_ids: Sequence[uuid.UUID]) -> int:
    """The deliveries of these events and every try of them. Returns how many deliveries."""
    with connection.cursor() as cursor:
        cursor.execute(_ATTEMPTS, [list(event_ids)])
        cursor.execute(_DELIVERIES, [list(event_ids)])
        deleted: int = cursor.rowcount
    return deleted


def expired_secrets(cutoff: datetime, limit: int) -> int:
    """Secrets that were rotated and whose grace is over, however short ago."""
    with connection.cursor() as cursor:
        cursor.execute(_SECRETS, [clock.now(), limit])
        deleted: int = cursor.rowcount
    return deleted


def deleted_endpoints(cutoff: datetime, limit: int) -> int:
    """Endpoints that their agent deleted and of which nothing is left."""
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"before": first_id(cutoff), "cutoff": cutoff, "limit": limit}
        cursor.execute(_ENDPOINTS, values)
        ids = [row[0] for row in cursor.fetchall()]
        if ids:
            cursor.execute("DELETE FROM webhook_secrets WHERE endpoint_id = ANY(%s)", [ids])
            cursor.execute("DELETE FROM inbound_webhooks WHERE id = ANY(%s)", [ids])
    return len(ids)
