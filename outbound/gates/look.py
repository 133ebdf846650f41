"""What the gates have to know of an agent, found out in one go.

Decides how it is asked: the agent's row is locked first, by a statement of its own, so that the next sees all that was
committed before; that one has a column for each thing that a gate names in its ``looks``. Both travel together, with
the transaction's beginning. It judges nothing.

``looks`` of a gate: a name to a scalar subquery over ``agent`` (the locked row) with the values of ``values_of``, to
which its own function ``values`` may add.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import connection

from outbound.draft import Draft
from outbound.gates import GATES
from outbound.gates.case import Refused, Sender

LOOKS: dict[str, str] = {name: sql for gate in GATES for name, sql in getattr(gate, "looks", {}).items()}
_VALUES = [gate.values for gate in GATES if hasattr(gate, "values")]

# For the whole transaction: its statements are planned once, for indexes, since to plan one takes longer than it runs.
_LOCK = """
SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)
FROM agents WHERE id = %s FOR NO KEY UPDATE
"""
_LOOK = f"""
SELECT agent.name, agent.owner_id, agent.state, agent.state_reason, agent.state_since,
       EXISTS (SELECT 1 FROM addresses x WHERE x.id = %(address_id)s AND x.agent_id = agent.id),
       {", ".join(f"({sql})" for sql in LOOKS.values())}
FROM agents agent WHERE agent.id = %(agent)s
"""  # noqa: S608


class AddressEnded(Refused):
    code = "no_address"
    message = "This agent's address has just ended."
    fix = "Send it again."


def values_of(
    agent_id: uuid.UUID, draft: Draft, thread_id: uuid.UUID, prints: tuple[bytes, int], at: datetime
) -> dict[str, Any]:
    """What the looks are asked about a mail, gates' own ``values`` among it."""
    values: dict[str, Any] = {
        "agent": agent_id,
        "addresses": [recipient.address.lower() for recipient in draft.recipients],
        "thread": thread_id,
        "fingerprint": prints[0],
        "similarity": prints[1],
        "at": at,
    }
    for more in _VALUES:
        values |= more(draft, at)
    return values


def look(values: dict[str, Any], address: str, address_id: uuid.UUID) -> tuple[Sender, dict[str, Any]]:
    """Lock the agent, in the caller's transaction; gives it as it is, and what the gates have to know.

    Raises AddressEnded where the address is not the agent's any more.
    """
    with connection.cursor() as locking, connection.cursor() as looking:
        with connection.wrap_database_errors, connection.connection.pipeline():
            locking.execute(_LOCK, [values["agent"]])
            looking.execute(_LOOK, values | {"address_id": address_id})
        name, owner_id, state, reason, since, is_its_own, *found = looking.fetchone()
    if not is_its_own:  # as when its domain went to another owner within the seconds that it was kept
        raise AddressEnded()
    sender = Sender(values["agent"], name, owner_id, state, reason, since, address, address_id)
    return sender, dict(zip(LOOKS, found, strict=True))
