"""Claiming batches of stored mail for the pipeline.

Decides which rows are due, how many are taken at once, and that a row whose worker died before is taken alone, so that
one poison mail never spends the attempts of its batch. It never looks into a mail. No index holds a column that a claim
changes, so that a claim rewrites the row on its page (a heap-only update) and touches no index.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg import pq

from postbox.lib import clock
from postbox.mail.models import Status

BATCH = 64
BATCH_BYTES = 16 * 1024 * 1024
LEASE = timedelta(seconds=settings.POSTBOX_LEASE_SECONDS)
# After so many claims without an outcome the mail itself is taken for the cause.
MAX_ATTEMPTS = 3

_CLAIM = f"""
WITH due AS MATERIALIZED (
    SELECT id, size FROM messages
    WHERE status = '{Status.RECEIVED}' AND {{attempts}} AND not_before <= %(now)s
      AND (leased_until IS NULL OR leased_until < %(now)s)
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), fitting AS (
    SELECT id FROM (SELECT id, sum(size) OVER (ORDER BY id) - size AS before FROM due) AS sizes
    WHERE before < %(bytes)s
), claimed AS (
    UPDATE messages m SET lease_token = %(token)s, leased_until = %(until)s, attempts = m.attempts + 1
    FROM fitting WHERE m.id = fitting.id
    RETURNING m.id, m.agent_id, m.address_id, m.mail_from, m.rcpt_to, m.client_ip, m.helo, m.tls, m.received_at,
              m.attempts, m.waits, m.body_ref
)
SELECT c.id, c.agent_id, a.name, a.owner_id, c.address_id, c.mail_from, c.rcpt_to, host(c.client_ip), c.helo, c.tls,
       c.received_at, c.attempts, c.waits, c.body_ref, k.wrapped, s.body
FROM claimed c
JOIN agents a ON a.id = c.agent_id
LEFT JOIN message_keys k ON k.message_id = c.id
LEFT JOIN mail_spool s ON s.message_id = c.id
ORDER BY c.id
"""  # noqa: S608
_FRESH = _CLAIM.format(attempts="attempts = 0 AND waits = 0")
_WAITED = _CLAIM.format(attempts="attempts = 0 AND waits > 0")
_AGAIN = _CLAIM.format(attempts="attempts > 0")
_RELEASE = """
UPDATE messages SET lease_token = NULL, leased_until = NULL, attempts = attempts - 1, not_before = %s
WHERE lease_token = %s AND id = %s
"""
_GIVE_BACK = """
UPDATE messages m SET lease_token = NULL, leased_until = NULL, attempts = attempts - 1, waits = m.waits + 1,
       not_before = v.not_before
FROM unnest(%s::uuid[], %s::timestamptz[]) AS v (id, not_before) WHERE m.lease_token = %s AND m.id = v.id
"""
_KEEPING_UP = timedelta(seconds=2)
# How long a mail waits that could not be read: because of what is ours to mend, or because its key is not there.
OWN_TROUBLE = timedelta(seconds=15)
UNREADABLE = timedelta(hours=1)
_DUE = f"""
SELECT EXISTS (SELECT 1 FROM messages WHERE status = '{Status.RECEIVED}' AND not_before <= %(now)s
               AND (leased_until IS NULL OR leased_until < %(now)s))
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Claimed:
    """A stored mail that this worker holds until its lease runs out. ``raw`` is still sealed."""

    id: uuid.UUID
    agent_id: uuid.UUID
    agent_name: str
    owner_id: uuid.UUID
    address_id: uuid.UUID | None
    mail_from: str
    rcpt_to: str
    client_ip: str | None
    helo: str
    tls: str
    received_at: datetime
    attempts: int
    waits: int
    body_ref: str
    wrapped: bytes | None
    sealed: bytes | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Claimed mails and the token that alone may settle them."""

    token: uuid.UUID
    mails: list[Claimed]

    @property
    def full(self) -> bool:
        return len(self.mails) >= BATCH


def fresh(limit: int = BATCH) -> Batch:
    """Claim mails that nobody has tried yet, oldest first."""
    return _claim(_FRESH, limit)


def waited(limit: int = BATCH) -> Batch:
    """Claim mails that were given back to wait for DNS, oldest first."""
    return _claim(_WAITED, limit)


def again() -> Batch:
    """Claim one mail whose worker did not come back, alone."""
    return _claim(_AGAIN, 1)


def due() -> bool:
    """Whether any mail waits for the pipeline."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"now": clock.now()})
        return bool(cursor.fetchone()[0])


def behind() -> bool:
    """Whether mail has been waiting for the pipeline longer than it does when the pipeline keeps up."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"now": clock.now() - _KEEPING_UP})
        return bool(cursor.fetchone()[0])


def release(token: uuid.UUID, message_id: uuid.UUID, wait: timedelta) -> None:
    """Give one mail back for a while without counting the attempt."""
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, [clock.now() + wait, token, message_id])


def give_back(token: uuid.UUID, waiting: Mapping[uuid.UUID, timedelta]) -> None:
    """Give mails that wait for DNS back, each for its while, without counting the attempt."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, [list(waiting), [now + wait for wait in waiting.values()], token])


def _claim(sql: str, limit: int) -> Batch:
    now, token = clock.now(), uuid.uuid4()
    values: dict[str, Any] = {"now": now, "limit": limit, "bytes": BATCH_BYTES, "token": token, "until": now + LEASE}
    with connection.cursor() as cursor:
        cursor.cursor.format = pq.Format.BINARY  # as text, a mail's octets are twice as many
        cursor.execute(sql, values)
        return Batch(token, [Claimed(*row) for row in cursor.fetchall()])
