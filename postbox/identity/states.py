"""An agent's state: active, paused or killed, by whose word and why.

Decides that each change has a reason, an audit record and an event (``agent.paused``, ``agent.killed``,
``agent.resumed``). It never decides what a state forbids: the gates of sending do. Mail for the agent comes in as ever.
"""

from __future__ import annotations

import uuid

from django.db import transaction

from postbox.audit.record import record
from postbox.events.body import render
from postbox.events.emit import NewEvent, emit
from postbox.events.models import EventKind
from postbox.identity.keys import data_key, revoke
from postbox.identity.models import Agent, AgentKey, AgentState, ApiKey
from postbox.lib import clock, envelope
from postbox.lib.ids import uuid7

_KINDS = {
    AgentState.ACTIVE: EventKind.AGENT_RESUMED,
    AgentState.PAUSED: EventKind.AGENT_PAUSED,
    AgentState.KILLED: EventKind.AGENT_KILLED,
}


def change(agent_id: uuid.UUID, state: AgentState, reason: str, *, actor: str, revoke_keys: bool = False) -> bool:
    """Put an agent into ``state``. False where it was in it. ``revoke_keys`` ends its API keys, for good.

    Raises Agent.DoesNotExist.
    """
    with transaction.atomic():
        agent = Agent.objects.select_for_update(no_key=True).get(pk=agent_id)
        before = agent.state
        if before != state:
            agent.state, agent.state_reason, agent.state_since = state, reason[:500], clock.now()
            agent.save(update_fields=["state", "state_reason", "state_since"])
            record(actor, _KINDS[state].value, agent.id, before=before, after=state.value)
            _tell(agent, _KINDS[state])
        if revoke_keys:
            for key in ApiKey.objects.filter(agent=agent, revoked_at=None):
                revoke(key, actor=actor)
    return before != state


def _tell(agent: Agent, kind: EventKind) -> None:
    try:
        key = data_key(agent.id)
    except AgentKey.DoesNotExist:  # its data was erased: there is nobody left to tell
        return
    event_id, now = uuid7(), clock.now()
    data = {"agent_id": agent.name, "state": agent.state, "reason": agent.state_reason}
    body = render(event_id, kind, now, data)
    sealed = envelope.seal(key, body, envelope.part_context(event_id, "event", agent.id))
    emit([NewEvent(event_id, kind, agent.id, None, now, sealed)])
