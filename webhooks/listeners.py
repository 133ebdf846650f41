"""Whether anybody listens: agents that have an endpoint to which events go.

Decides nothing about what is posted. It is asked before a worker is woken (postbox.events.wakeups), so that none is for
an event that no endpoint will get; the sweep has its copy taken away with others.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import connection

from postbox.lib.kept import Kept
from webhooks.models import EndpointState

_FIND = f"SELECT DISTINCT agent_id FROM inbound_webhooks WHERE agent_id = ANY(%s) AND state = '{EndpointState.ACTIVE}'"  # noqa: S608
# Only that somebody listens is kept: a new endpoint must get the very next event.
_listens: Kept[uuid.UUID, bool] = Kept(seconds=5.0)


def any_of(agents: Collection[uuid.UUID]) -> bool:
    """Whether one of these agents has an active endpoint, or had one seconds ago. At most one query."""
    if any(_listens.get(agent) for agent in agents):
        return True
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [list(agents)])
        found = [agent for (agent,) in cursor.fetchall()]
    for agent in found:
        _listens.put(agent, True)
    return bool(found)
