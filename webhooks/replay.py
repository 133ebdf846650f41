"""Sending events again, under the same ``webhook-id``.

Decides what a replay takes: by id every delivery of the event (or of all events of a message), delivered ones too, and
one for each active endpoint that wants its kind and never had it; by time the dead letters only. Disabled endpoints are
left out. Attempts are counted anew.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from postbox.audit.record import record
from postbox.events.models import Event
from postbox.events.wakeups import wake
from postbox.lib import clock
from webhooks.kinds import MATCHES
from webhooks.models import DELIVERY_TRANSITIONS, DeliveryState, EndpointState, check_transition

MOST = 10_000

_REVIVE = f"""
UPDATE webhook_deliveries d
SET state = '{DeliveryState.PENDING}', attempts = 0, not_before = %(now)s, settled_at = NULL, last_error = ''
FROM (SELECT x.id FROM webhook_deliveries x
      JOIN inbound_webhooks w ON w.id = x.endpoint_id
      JOIN events e ON e.id = x.event_id
      WHERE w.state = '{EndpointState.ACTIVE}' AND {{which}}
      ORDER BY x.id LIMIT {MOST} FOR NO KEY UPDATE OF x) chosen
WHERE d.id = chosen.id
"""  # noqa: S608
# A pending one that no worker holds is tried at once instead of when its turn comes.
_BY_EVENTS = _REVIVE.format(
    which="w.agent_id = %(agent)s AND x.event_id = ANY(%(events)s) AND x.lease_token IS NULL AND x.id <> ALL(%(made)s)"
)
_BY_TIME = _REVIVE.format(
    which=f"w.agent_id = %(agent)s AND x.state = '{DeliveryState.DEAD}' AND e.created_at >= %(since)s "
    "AND e.created_at < %(until)s"
)
_BY_ROWS = _REVIVE.format(which="x.id = ANY(%(ids)s) AND x.state <> 'pending'")

_MISSING = f"""
WITH lacking AS (
    SELECT e.id AS event_id, w.id AS endpoint_id FROM events e
    JOIN inbound_webhooks w ON w.agent_id = e.agent_id AND w.state = '{EndpointState.ACTIVE}' AND {MATCHES}
    WHERE e.id = ANY(%(events)s) AND e.agent_id = %(agent)s AND e.kind <> 'ping'
      AND NOT EXISTS (SELECT 1 FROM event_copies c WHERE c.event_id = e.id AND c.consumer = 'webhooks')
      AND NOT EXISTS (SELECT 1 FROM webhook_deliveries x WHERE x.event_id = e.id AND x.endpoint_id = w.id)
), numbered AS (
    UPDATE inbound_webhooks w SET sequence = w.sequence + n.count
    FROM (SELECT x.id, count(*) AS count FROM lacking
          JOIN (SELECT id FROM inbound_webhooks WHERE id IN (SELECT endpoint_id FROM lacking)
                ORDER BY id FOR NO KEY UPDATE) x ON x.id = lacking.endpoint_id GROUP BY x.id) n
    WHERE w.id = n.id RETURNING w.id, w.sequence - n.count AS before
)
INSERT INTO webhook_deliveries (endpoint_id, event_id, state, sequence, created_at, last_error, attempts, not_before)
SELECT l.endpoint_id, l.event_id, '{DeliveryState.PENDING}',
       n.before + row_number() OVER (PARTITION BY l.endpoint_id ORDER BY l.event_id), %(now)s, '', 0, %(now)s
FROM lacking l JOIN numbered n ON n.id = l.endpoint_id
ON CONFLICT (event_id, endpoint_id) DO NOTHING
RETURNING id
"""  # noqa: S608


def by_id(agent_id: uuid.UUID, id_: uuid.UUID, *, actor: str) -> int | None:
    """Send an event, or every event of a message, again. Returns how many deliveries; None when the id is unknown."""
    events = list(Event.objects.filter(agent_id=agent_id, pk=id_).values_list("id", flat=True))
    events = events or list(Event.objects.filter(agent_id=agent_id, message_id=id_).values_list("id", flat=True)[:MOST])
    if not events:
        return None
    with transaction.atomic():
        values: dict[str, Any] = {"agent": agent_id, "events": events, "now": clock.now()}
        # Endpoints are locked before deliveries, here as everywhere, so that nobody waits in a circle.
        made = _add_missing(values)
        count = len(made) + _revive(_BY_EVENTS, {**values, "made": made})
        _note(actor, agent_id, count, id=str(id_))
    return count


def by_time(agent_id: uuid.UUID, since: datetime, until: datetime | None, *, actor: str) -> int:
    """Send the dead letters of events from ``since`` to before ``until`` again, at most MOST of them."""
    with transaction.atomic():
        now = clock.now()
        values: dict[str, Any] = {"agent": agent_id, "since": since, "until": until or now, "now": now}
        count = _revive(_BY_TIME, values)
        _note(actor, agent_id, count, since=since.isoformat())
    return count


def rows(ids: Sequence[int], *, actor: str) -> int:
    """Send settled deliveries again, whoever's they are: for operators."""
    with transaction.atomic():
        count = _revive(_BY_ROWS, {"ids": list(ids), "now": clock.now()})
        _note(actor, "operator", count)
    return count


def _add_missing(values: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, values)
        return [row[0] for row in cursor.fetchall()]


def _revive(sql: str, values: dict[str, Any]) -> int:
    for state in (DeliveryState.DEAD, DeliveryState.DELIVERED):
        check_transition(DELIVERY_TRANSITIONS, state, DeliveryState.PENDING)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def _note(actor: str, subject: object, count: int, **detail: str) -> None:
    record(actor, "deliveries.replayed", subject, count=count, **detail)
    if count:
        wake("webhooks")
