"""Counting how mail fares: by owner and recipient, and by agent and day.

Decides which rows a result changes, in one order, so that two batches never wait for each other in a circle. What a
bounce means for a recipient is reputation.bounced's to decide.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from postbox.lib import clock

_SENT = """
INSERT INTO email_reputations (owner_id, address, sent, hard_bounces, soft_bounces, complaints, last_sent_at,
                               last_bounce_type)
SELECT v.owner_id, v.address, v.count, 0, 0, 0, %(now)s, ''
FROM unnest(%(owners)s::uuid[], %(addresses)s::text[], %(counts)s::int[]) AS v (owner_id, address, count)
ORDER BY v.owner_id, v.address
ON CONFLICT (owner_id, address) DO UPDATE
SET sent = email_reputations.sent + excluded.sent, last_sent_at = excluded.last_sent_at
"""
_DAYS = """
INSERT INTO sender_days (agent_id, day, sent, delivered, bounced, complained, failed)
SELECT v.agent_id, %(day)s, v.sent, v.delivered, v.bounced, v.complained, v.failed
FROM unnest(%(agents)s::uuid[], %(sent)s::int[], %(delivered)s::int[], %(bounced)s::int[], %(complained)s::int[],
            %(failed)s::int[]) AS v (agent_id, sent, delivered, bounced, complained, failed)
ORDER BY v.agent_id
ON CONFLICT (agent_id, day) DO UPDATE
SET sent = sender_days.sent + excluded.sent, delivered = sender_days.delivered + excluded.delivered,
    bounced = sender_days.bounced + excluded.bounced, complained = sender_days.complained + excluded.complained,
    failed = sender_days.failed + excluded.failed
"""
_COLUMNS = ("sent", "delivered", "bounced", "complained", "failed")


def sent(accepted: Sequence[tuple[uuid.UUID, uuid.UUID, str]], failed: Iterable[uuid.UUID]) -> None:
    """Count recipients whose server took a mail, ``(owner, agent, address)`` each, and agents of those that refused."""
    counts = Counter((owner, address.lower()) for owner, _, address in accepted)
    if counts:
        with connection.cursor() as cursor:
            cursor.execute(
                _SENT,
                {
                    "now": clock.now(),
                    "owners": [owner for owner, _ in counts],
                    "addresses": [address for _, address in counts],
                    "counts": list(counts.values()),
                },
            )
    by_agent = Counter((agent, "sent") for _, agent, _ in accepted) + Counter((agent, "failed") for agent in failed)
    days(by_agent)


def days(counts: Counter[tuple[uuid.UUID, str]]) -> None:
    """Add to today's rows of agents: ``(agent, column)`` to how many."""
    agents = sorted({agent for agent, _ in counts})
    if not agents:
        return
    values: dict[str, Any] = {name: [counts[agent, name] for agent in agents] for name in _COLUMNS}
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, values | {"day": clock.now().date(), "agents": agents})
