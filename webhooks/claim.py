"""Claiming deliveries: those of new events as they are made, and those that are due again.

Decides how many an endpoint may have claimed at once, so that none starves the others, and that a slow endpoint takes
from a share of its own. A claim holds a lease; whoever dies with it is followed by another claim of the same delivery.
It never opens a body.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg import pq

from postbox.lib import clock
from webhooks.kinds import MATCHES
from webhooks.models import DeliveryState, EndpointState

BATCH = 128
BATCH_BYTES = 16 * 1024 * 1024
LEASE = timedelta(seconds=settings.POSTBOX_LEASE_SECONDS)
# What one endpoint may have claimed by one process.
PER_ENDPOINT = 64
PER_SLOW_ENDPOINT = 2

_COLUMNS = """
d.id, d.endpoint_id, w.agent_id, w.url, w.secret_version, w.slow, w.consecutive_failures > 0, d.sequence, d.attempts,
d.lease_token, d.event_id, e.message_id, e.body, k.wrapped
"""
# By its key, one at a time: the planner must never come to them from the other side, through all of an agent's events.
_EVENT = "CROSS JOIN LATERAL (SELECT * FROM events WHERE id = {}.event_id OFFSET 0) e"
_KEY = "LEFT JOIN LATERAL (SELECT wrapped FROM message_keys WHERE message_id = e.message_id OFFSET 0) k ON true"
_BUSY = "(SELECT * FROM unnest(%(busy)s::uuid[], %(rooms)s::int[]) AS b (id, room))"

_NEW = f"""
WITH picked AS MATERIALIZED (
    SELECT id FROM event_copies WHERE consumer = 'webhooks' ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), taken AS (
    DELETE FROM event_copies c USING picked WHERE c.id = picked.id RETURNING c.event_id
), fresh AS MATERIALIZED (
    SELECT e.id, e.agent_id, e.kind, octet_length(e.body) AS size FROM taken {_EVENT.format("taken")}
), wanted AS MATERIALIZED (
    SELECT e.id AS event_id, w.id AS endpoint_id, e.size
    FROM fresh e JOIN inbound_webhooks w ON w.agent_id = e.agent_id AND w.state = '{EndpointState.ACTIVE}' AND {MATCHES}
), locked AS MATERIALIZED (
    -- In the order of their ids, so that two who do this at once never wait for each other in a circle.
    SELECT id, NOT slow AND not_before <= %(now)s AS is_open FROM inbound_webhooks
    WHERE id IN (SELECT endpoint_id FROM wanted) AND state = '{EndpointState.ACTIVE}'
    ORDER BY id FOR NO KEY UPDATE
), numbered AS (
    UPDATE inbound_webhooks w SET sequence = w.sequence + n.count
    FROM (SELECT locked.id, locked.is_open, count(*) AS count
          FROM wanted JOIN locked ON locked.id = wanted.endpoint_id GROUP BY 1, 2) n
    WHERE w.id = n.id
    RETURNING w.id, n.is_open, w.sequence - n.count AS before
), placed AS (
    SELECT wanted.event_id, numbered.id AS endpoint_id,
           before + row_number() OVER (PARTITION BY numbered.id ORDER BY wanted.event_id) AS sequence,
           CASE WHEN is_open
                 AND row_number() OVER (PARTITION BY numbered.id ORDER BY wanted.event_id)
                     <= coalesce(b.room, {PER_ENDPOINT})
                 AND row_number() OVER (ORDER BY wanted.event_id) <= %(limit)s
                 AND sum(size) OVER (ORDER BY wanted.event_id, numbered.id) - size < {BATCH_BYTES}
           THEN %(token)s::uuid END AS token
    FROM wanted JOIN numbered ON numbered.id = wanted.endpoint_id LEFT JOIN {_BUSY} b ON b.id = numbered.id
), d AS (
    INSERT INTO webhook_deliveries
        (endpoint_id, event_id, state, sequence, created_at, last_error, attempts, not_before, lease_token,
         leased_until)
    SELECT endpoint_id, event_id, '{DeliveryState.PENDING}', sequence, %(now)s, '',
           CASE WHEN token IS NULL THEN 0 ELSE 1 END, %(now)s, token,
           CASE WHEN token IS NOT NULL THEN %(until)s::timestamptz END
    FROM placed
    ON CONFLICT (event_id, endpoint_id) DO NOTHING
    RETURNING *
)
SELECT (SELECT count(*) FROM taken), (SELECT count(*) FROM d WHERE lease_token IS NULL), {_COLUMNS}
FROM (SELECT 1) AS one
LEFT JOIN (d JOIN inbound_webhooks w ON w.id = d.endpoint_id {_EVENT.format("d")} {_KEY})
       ON d.lease_token IS NOT NULL
"""  # noqa: S608

_DUE_OF_LANE = """
    SELECT d.id, octet_length(e.body) AS size
    FROM (SELECT id, room FROM open WHERE {lane} ORDER BY random()) o
    CROSS JOIN LATERAL (
        SELECT id, event_id FROM webhook_deliveries
        WHERE endpoint_id = o.id AND state = 'pending' AND not_before <= %(now)s
          AND (leased_until IS NULL OR leased_until < %(now)s)
        ORDER BY not_before LIMIT greatest(o.room, 0) FOR UPDATE SKIP LOCKED) d
    {event}
    LIMIT {limit}
"""
_AGAIN = f"""
WITH RECURSIVE waiting AS (
    -- Steps from endpoint to endpoint through the partial index, however long their queues are.
    (SELECT endpoint_id AS id FROM webhook_deliveries WHERE state = 'pending' ORDER BY endpoint_id LIMIT 1)
    UNION ALL
    SELECT (SELECT endpoint_id FROM webhook_deliveries WHERE state = 'pending' AND endpoint_id > waiting.id
            ORDER BY endpoint_id LIMIT 1)
    FROM waiting WHERE waiting.id IS NOT NULL
), open AS MATERIALIZED (
    SELECT w.id, w.slow,
           coalesce(b.room, CASE WHEN w.slow THEN {PER_SLOW_ENDPOINT} ELSE {PER_ENDPOINT} END) AS room
    FROM waiting JOIN inbound_webhooks w ON w.id = waiting.id LEFT JOIN {_BUSY} b ON b.id = w.id
    WHERE w.state = '{EndpointState.ACTIVE}' AND w.not_before <= %(now)s
), fast AS MATERIALIZED ({_DUE_OF_LANE.format(lane="NOT slow", limit="%(limit)s", event=_EVENT.format("d"))}
), slow AS MATERIALIZED ({_DUE_OF_LANE.format(lane="slow", limit="%(slow_limit)s", event=_EVENT.format("d"))}
), fitting AS (
    SELECT id FROM (SELECT id, sum(size) OVER (ORDER BY id) - size AS before
                    FROM (SELECT * FROM fast UNION ALL SELECT * FROM slow) AS lanes) AS sizes
    WHERE before < {BATCH_BYTES}
), d AS (
    UPDATE webhook_deliveries d
    SET lease_token = %(token)s, leased_until = %(until)s, attempts = d.attempts + 1
    FROM fitting WHERE d.id = fitting.id
    RETURNING d.*
)
SELECT {_COLUMNS}
FROM d JOIN inbound_webhooks w ON w.id = d.endpoint_id {_EVENT.format("d")} {_KEY}
"""  # noqa: S608

_RELEASE = """
UPDATE webhook_deliveries d
SET lease_token = NULL, leased_until = NULL, attempts = greatest(d.attempts - 1, 0),
    not_before = greatest(d.not_before, %(at)s)
FROM (SELECT v.id FROM unnest(%(ids)s::bigint[], %(tokens)s::uuid[]) AS v (id, token)
      JOIN webhook_deliveries x ON x.id = v.id AND x.lease_token = v.token ORDER BY v.id FOR UPDATE OF x) held
WHERE d.id = held.id
"""
_DUE = f"""
SELECT EXISTS (SELECT 1 FROM event_copies WHERE consumer = 'webhooks') OR EXISTS (
    SELECT 1 FROM inbound_webhooks w
    WHERE w.state = '{EndpointState.ACTIVE}' AND w.not_before <= %(now)s AND EXISTS (
        SELECT 1 FROM webhook_deliveries d
        WHERE d.endpoint_id = w.id AND d.state = 'pending' AND d.not_before <= %(now)s
          AND (d.leased_until IS NULL OR d.leased_until < %(now)s)))
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process holds until its lease runs out. ``body`` is still sealed."""

    id: int
    endpoint_id: uuid.UUID
    agent_id: uuid.UUID
    url: str
    secret_version: int
    slow: bool
    failing: bool
    sequence: int
    attempts: int
    token: uuid.UUID
    event_id: uuid.UUID
    message_id: uuid.UUID | None
    body: bytes
    wrapped: bytes | None


@dataclass(frozen=True, slots=True)
class FannedOut:
    """What came of a batch of new events: ``events`` were taken, ``left`` deliveries wait to be claimed by others."""

    events: int
    left: int
    deliveries: list[Claimed]


def new(limit: int, rooms: Mapping[uuid.UUID, int]) -> FannedOut:
    """Make deliveries of at most ``limit`` new events and claim those whose endpoint has room, in one statement.

    ``rooms``: how many more the endpoints that are busy here may be given. Safe to run twice or at once: a copy of an
    event is taken by one, and a delivery is unique.
    """
    rows = _run(_NEW, {"limit": limit, "now": clock.now()}, rooms)
    deliveries = [Claimed(*row[2:]) for row in rows if row[2] is not None]
    return FannedOut(rows[0][0], rows[0][1], deliveries)


def again(limit: int, slow_limit: int, rooms: Mapping[uuid.UUID, int]) -> list[Claimed]:
    """Claim deliveries that are due: at most ``limit`` of healthy endpoints, ``slow_limit`` of slow ones."""
    rows = _run(_AGAIN, {"limit": limit, "slow_limit": slow_limit, "now": clock.now()}, rooms)
    return [Claimed(*row) for row in rows]


def due() -> bool:
    """Whether anything waits to be fanned out or delivered."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"now": clock.now()})
        return bool(cursor.fetchone()[0])


def release(held: list[tuple[int, uuid.UUID]], wait: timedelta = timedelta()) -> None:
    """Give deliveries (id and token) back without counting the attempt, due again after ``wait``."""
    if not held:
        return
    values: dict[str, Any] = {
        "ids": [id_ for id_, _ in held],
        "tokens": [token for _, token in held],
        "at": clock.now() + wait,
    }
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, values)


def _run(sql: str, values: dict[str, Any], rooms: Mapping[uuid.UUID, int]) -> list[tuple[Any, ...]]:
    values |= {
        "token": uuid.uuid4(),
        "until": values["now"] + LEASE,
        "busy": list(rooms),
        "rooms": list(rooms.values()),
    }
    with connection.cursor() as cursor:
        cursor.cursor.format = pq.Format.BINARY  # as text, an event's octets are twice as many
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
