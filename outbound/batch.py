"""Claiming mail that is due to be sent: ``next_outbound_batch``.

Decides which mails are due, that an agent who may not send any more sends nothing, and, once more, that nobody is
written to who must not be. A claim holds a lease; a mail is marked as being handed over only right before it is
(``begin``), so that whoever dies before that leaves it in the queue, and whoever dies after it leaves it unknown.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from outbound.models import Origin, RecipientState
from postbox.identity.models import AgentState
from postbox.lib import clock
from postbox.mail.models import Status
from reputation import suppressions

BATCH = 100
BATCH_BYTES = 16 * 1024 * 1024
LEASE = timedelta(seconds=2 * settings.POSTBOX_LEASE_SECONDS)

# A notice that an agent was stopped goes out all the same.
_MAY = f"(a.state = '{AgentState.ACTIVE}' OR o.origin = '{Origin.NOTICE}')"
_CLAIM = f"""
WITH due AS MATERIALIZED (
    SELECT o.message_id, {_MAY} AS may, a.state AS agent_state, m.size
    FROM outbound_messages o JOIN agents a ON a.id = o.agent_id JOIN messages m ON m.id = o.message_id
    WHERE o.state = '{Status.QUEUED}' AND o.not_before <= %(now)s
      AND (o.leased_until IS NULL OR o.leased_until < %(now)s)
      AND (%(owner)s::uuid IS NULL OR a.owner_id = %(owner)s)
    ORDER BY o.not_before LIMIT %(limit)s FOR UPDATE OF o SKIP LOCKED
), held AS (
    UPDATE outbound_messages o SET state = '{Status.HELD}', code = 'agent_' || due.agent_state
    FROM due WHERE o.message_id = due.message_id AND NOT due.may RETURNING o.message_id
), told AS (
    UPDATE messages m SET status = '{Status.HELD}' FROM held WHERE m.id = held.message_id
), fitting AS (
    SELECT message_id FROM (SELECT message_id, sum(size) OVER (ORDER BY message_id) - size AS before
                            FROM due WHERE may) AS sizes
    WHERE before < {BATCH_BYTES}
), claimed AS (
    UPDATE outbound_messages o SET lease_token = %(token)s, leased_until = %(until)s, attempts = o.attempts + 1
    FROM fitting WHERE o.message_id = fitting.message_id
    RETURNING o.message_id, o.agent_id, o.attempts, o.created_at, o.due_since, o.origin, o.thread_id
)
SELECT c.message_id, c.agent_id, a.name, a.owner_id, c.attempts, c.created_at, coalesce(c.due_since, c.created_at),
       c.origin, c.thread_id, m.mail_from, m.header_from, m.body_ref, k.wrapped, s.body, t.body
FROM claimed c
JOIN messages m ON m.id = c.message_id
JOIN agents a ON a.id = c.agent_id
LEFT JOIN message_keys k ON k.message_id = c.message_id
LEFT JOIN mail_spool s ON s.message_id = c.message_id
LEFT JOIN message_contents t ON t.message_id = c.message_id
ORDER BY c.message_id
"""  # noqa: S608
_RECIPIENTS = f"""
SELECT message_id, id, address, role FROM outbound_recipients
WHERE message_id = ANY(%s) AND state = '{RecipientState.QUEUED}' ORDER BY id
"""  # noqa: S608
_SUPPRESS = f"""
UPDATE outbound_recipients SET state = '{RecipientState.SUPPRESSED}', changed_at = %s WHERE id = ANY(%s)
"""  # noqa: S608
_BEGIN = f"""
WITH mine AS (
    SELECT o.message_id, {_MAY} AS may
    FROM outbound_messages o JOIN agents a ON a.id = o.agent_id
    WHERE o.message_id = ANY(%(ids)s) AND o.lease_token = %(token)s AND o.state = '{Status.QUEUED}'
    ORDER BY o.message_id FOR UPDATE OF o
), handed AS (
    UPDATE outbound_messages o SET state = '{Status.SENDING}', handed_at = %(now)s, leased_until = %(until)s
    FROM mine WHERE o.message_id = mine.message_id AND mine.may RETURNING o.message_id
), stopped AS (
    UPDATE outbound_messages o SET lease_token = NULL, leased_until = NULL
    FROM mine WHERE o.message_id = mine.message_id AND NOT mine.may
), told AS (
    UPDATE messages m SET status = '{Status.SENDING}' FROM handed WHERE m.id = handed.message_id
)
SELECT message_id FROM handed
"""  # noqa: S608
_DUE = f"""
SELECT EXISTS (SELECT 1 FROM outbound_messages WHERE state = '{Status.QUEUED}' AND not_before <= %(now)s
               AND (leased_until IS NULL OR leased_until < %(now)s))
    OR EXISTS (SELECT 1 FROM outbound_messages WHERE state = '{Status.SENDING}' AND leased_until < %(now)s)
    OR EXISTS (SELECT 1 FROM event_copies WHERE consumer = 'outbound')
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Target:
    """A recipient who is still to be served."""

    id: int
    address: str
    role: str


@dataclass(slots=True)
class Parcel:
    """A mail that this process holds until its lease runs out; raw mail and content are still sealed.

    ``due_since``: when it was put into the queue, or was to leave, whichever was later.
    """

    id: uuid.UUID
    agent_id: uuid.UUID
    agent_name: str
    owner_id: uuid.UUID
    attempts: int
    created_at: datetime
    due_since: datetime
    origin: str
    thread_id: uuid.UUID | None
    mail_from: str
    header_from: str
    body_ref: str
    wrapped: bytes | None
    sealed: bytes | None
    content: bytes | None
    targets: list[Target] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Batch:
    """Claimed mails and the token that alone may settle them. ``emptied``: whose recipients are all suppressed."""

    token: uuid.UUID
    parcels: list[Parcel]
    emptied: list[Parcel] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return len(self.parcels) + len(self.emptied) >= BATCH


def next_outbound_batch(limit: int = BATCH, owner_id: uuid.UUID | None = None) -> Batch:
    """Claim what is due, of one owner's agents or of all, oldest first, in one transaction."""
    now, token = clock.now(), uuid.uuid4()
    values: dict[str, Any] = {"now": now, "limit": limit, "token": token, "until": now + LEASE}
    values["owner"] = owner_id
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        parcels = [Parcel(*row) for row in cursor.fetchall()]
        if parcels:
            _address(cursor, parcels)
    emptied = [parcel for parcel in parcels if not parcel.targets]
    return Batch(token, [parcel for parcel in parcels if parcel.targets], emptied)


def begin(token: uuid.UUID, parcels: Sequence[Parcel]) -> list[Parcel]:
    """Mark mails as being handed over; gives those that may be. One statement, its own transaction."""
    values: dict[str, Any] = {"ids": [p.id for p in parcels], "token": token, "now": clock.now()}
    values["until"] = values["now"] + LEASE
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, values)
        handed = {row[0] for row in cursor.fetchall()}
    return [parcel for parcel in parcels if parcel.id in handed]


def due() -> bool:
    """Whether anything waits: to be sent, to be given up as unknown, or to be made of a rule's event."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"now": clock.now()})
        return bool(cursor.fetchone()[0])


def _address(cursor: Any, parcels: Sequence[Parcel]) -> None:
    """Give each mail the recipients that are left to it; those suppressed by now are marked."""
    by_id = {parcel.id: parcel for parcel in parcels}
    cursor.execute(_RECIPIENTS, [list(by_id)])
    found: dict[uuid.UUID, list[Target]] = defaultdict(list)
    for message_id, *row in cursor.fetchall():
        found[message_id].append(Target(*row))
    gone = suppressions.among(
        [
            (target.id, by_id[message_id].owner_id, by_id[message_id].agent_id, target.address)
            for message_id, targets in found.items()
            for target in targets
        ]
    )
    if gone:
        cursor.execute(_SUPPRESS, [clock.now(), sorted(gone)])
    for message_id, targets in found.items():
        by_id[message_id].targets = [target for target in targets if target.id not in gone]
