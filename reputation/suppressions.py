"""Asking who must not be written to, and keeping that record.

Decides what suppresses an address: a live suppression of its owner (for all agents or the one), or a block in its
reputation. Counting is by owner and address, so one owner's bounces never keep another owner from writing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from postbox.audit.record import record
from postbox.lib import clock
from postbox.lib.ids import uuid7
from reputation.models import Suppression, SuppressionReason

# ``{owner}`` and ``{agent}`` are where a statement has them. The limits have each address looked up by an index, also
# when this was planned while the tables were small.
_FOUND = """
SELECT w.address, coalesce(s.reason, 'hard_bounce') AS reason, coalesce(s.expires_at, r.blocked_until) AS until
FROM unnest(%(addresses)s::text[]) AS w (address)
LEFT JOIN LATERAL (
    SELECT reason, expires_at FROM outbound_suppressions
    WHERE owner_id = {owner} AND address = w.address AND lifted_at IS NULL
      AND (agent_id IS NULL OR agent_id = {agent}) AND (expires_at IS NULL OR expires_at > %(at)s)
    ORDER BY expires_at DESC NULLS FIRST LIMIT 1) s ON true
LEFT JOIN LATERAL (
    SELECT blocked_until FROM email_reputations
    WHERE owner_id = {owner} AND address = w.address AND blocked_until > %(at)s LIMIT 1) r ON true
WHERE s.reason IS NOT NULL OR r.blocked_until IS NOT NULL
"""
_FIND = _FOUND.format(owner="%(owner)s", agent="%(agent)s")
# What ``find`` gives, as a column of another statement that has %(addresses)s in lower case and %(at)s, for ``loaded``.
FOUND_AS_JSON = f"SELECT json_agg(json_build_array(f.address, f.reason, f.until)) FROM ({_FOUND}) AS f"  # noqa: S608
# One statement for a batch of mails of many owners, when they are leased.
_FIND_PAIRS = """
SELECT DISTINCT w.recipient_id
FROM unnest(%(recipients)s::bigint[], %(owners)s::uuid[], %(agents)s::uuid[], %(addresses)s::text[])
     AS w (recipient_id, owner_id, agent_id, address)
WHERE EXISTS (
    SELECT 1 FROM outbound_suppressions s
    WHERE s.owner_id = w.owner_id AND s.address = w.address AND s.lifted_at IS NULL
      AND (s.agent_id IS NULL OR s.agent_id = w.agent_id) AND (s.expires_at IS NULL OR s.expires_at > %(now)s))
   OR EXISTS (
    SELECT 1 FROM email_reputations r
    WHERE r.owner_id = w.owner_id AND r.address = w.address AND r.blocked_until > %(now)s)
"""


# One that was lifted meanwhile is no conflict: then a new one is made, and the address is kept from all the same. What
# is there and holds for longer keeps its reason: a bounce does not make a person's word for good a bounce.
_OUTLIVES = "excluded.expires_at IS NOT NULL AND (old.expires_at IS NULL OR old.expires_at > excluded.expires_at)"
_PUT = f"""
INSERT INTO outbound_suppressions AS old (id, owner_id, agent_id, address, reason, detail, created_at, expires_at)
VALUES (%(id)s, %(owner)s, %(agent)s, %(address)s, %(reason)s, %(detail)s, %(now)s, %(expires_at)s)
ON CONFLICT (owner_id, address, agent_id) WHERE lifted_at IS NULL DO UPDATE SET
    reason = CASE WHEN {_OUTLIVES} THEN old.reason ELSE excluded.reason END,
    detail = CASE WHEN {_OUTLIVES} OR excluded.detail = '' THEN old.detail ELSE excluded.detail END,
    expires_at = CASE WHEN old.expires_at IS NULL OR excluded.expires_at IS NULL THEN NULL
                      ELSE greatest(old.expires_at, excluded.expires_at) END
RETURNING id
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An address that is not to be written to: why, and until when (None: for good)."""

    address: str
    reason: str
    until: datetime | None


def find(owner_id: uuid.UUID, agent_id: uuid.UUID, addresses: Iterable[str]) -> list[Suppressed]:
    """Which of these addresses this agent must not write to. One query."""
    wanted = sorted({address.lower() for address in addresses})
    with connection.cursor() as cursor:
        cursor.execute(_FIND, {"addresses": wanted, "owner": owner_id, "agent": agent_id, "at": clock.now()})
        return [Suppressed(*row) for row in cursor.fetchall()]


def loaded(found: Sequence[tuple[str, str, str | None]] | None) -> list[Suppressed]:
    """What a statement found by ``FOUND_AS_JSON``."""
    return [Suppressed(a, why, datetime.fromisoformat(until) if until else None) for a, why, until in found or ()]


def among(pairs: Sequence[tuple[int, uuid.UUID, uuid.UUID, str]]) -> set[int]:
    """Of ``(recipient id, owner, agent, address)`` the ids whose address is suppressed by now. One query."""
    if not pairs:
        return set()
    ids, owners, agents, addresses = zip(*pairs, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            _FIND_PAIRS,
            {
                "recipients": list(ids),
                "owners": list(owners),
                "agents": list(agents),
                "addresses": [address.lower() for address in addresses],
                "now": clock.now(),
            },
        )
        return {row[0] for row in cursor.fetchall()}


def suppress(
    owner_id: uuid.UUID,
    address: str,
    reason: SuppressionReason,
    *,
    agent_id: uuid.UUID | None = None,
    detail: str = "",
    expires_at: datetime | None = None,
    actor: str,
) -> Suppression:
    """Put an address on the list, or give what is there the longer life of the two, in one statement."""
    new_id = uuid7()
    values: dict[str, Any] = {"id": new_id, "owner": owner_id, "agent": agent_id, "address": address.lower()}
    values |= {"reason": reason.value, "detail": detail[:500], "now": clock.now(), "expires_at": expires_at}
    with connection.cursor() as cursor:
        cursor.execute(_PUT, values)
        row_id = cursor.fetchone()[0]
    record(actor, "suppression.put", row_id, reason=reason.value, new=row_id == new_id)
    return Suppression.objects.get(pk=row_id)


def lift(owner_id: uuid.UUID, address: str, *, actor: str) -> int:
    """Let an address be written to again: every suppression of it and its block end. Gives how many ended."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE outbound_suppressions SET lifted_at = %s WHERE owner_id = %s AND address = %s"
            " AND lifted_at IS NULL RETURNING id",
            [clock.now(), owner_id, address.lower()],
        )
        lifted = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "UPDATE email_reputations SET blocked_until = NULL WHERE owner_id = %s AND address = %s"
            " AND blocked_until > %s RETURNING id",
            [owner_id, address.lower(), clock.now()],
        )
        unblocked = cursor.rowcount
    for row_id in lifted:
        record(actor, "suppression.lifted", row_id)
    if unblocked and not lifted:
        record(actor, "suppression.lifted", owner_id, blocked=True)
    return len(lifted) + (unblocked if not lifted else 0)
