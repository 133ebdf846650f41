"""Stopping an agent that does what it must not: paused at the end of its quota, killed when it repeats itself.

Decides what happens to its mail: what waits in the queue is held, told of and left to a person. How an agent's state
changes is identity's (``states.change``); this module is told of every such change by its event.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection, transaction

from outbound.draft import Draft, Mailbox, Recipient
from outbound.models import Origin, Role
from postbox.audit.record import record
from postbox.events.wakeups import wake
from postbox.identity import states
from postbox.identity.models import Agent, AgentState
from postbox.lib import clock
from postbox.mail.models import Status

# What a pause held before stays held where the agent was killed since: then a person decides on each.
_HOLD = f"""
WITH held AS (
    UPDATE outbound_messages SET state = '{Status.HELD}', code = %(code)s
    WHERE agent_id = %(agent)s AND (
        state = '{Status.QUEUED}' AND origin <> '{Origin.NOTICE}' AND (leased_until IS NULL OR leased_until < %(now)s)
        OR state = '{Status.HELD}' AND code = 'agent_paused' AND %(code)s = 'agent_killed')
    RETURNING message_id
)
UPDATE messages m SET status = '{Status.HELD}' FROM held WHERE m.id = held.message_id
"""  # noqa: S608
_REQUEUE = f"""
WITH freed AS (
    UPDATE outbound_messages SET state = '{Status.QUEUED}', code = '', due_since = greatest(not_before, %(now)s)
    WHERE agent_id = %(agent)s AND state = '{Status.HELD}' AND code = 'agent_paused'
    RETURNING message_id
)
UPDATE messages m SET status = '{Status.QUEUED}' FROM freed WHERE m.id = freed.message_id
"""  # noqa: S608
_WORDS = {
    AgentState.PAUSED: ("paused", "It sends nothing until you resume it."),
    AgentState.KILLED: ("stopped", "It sends nothing until you have looked at what it sent and set it active again."),
}


def pause(agent_id: uuid.UUID, reason: str) -> None:
    """Pause an agent that spent its quota; one that is stopped already stays as it is."""
    with transaction.atomic():
        agent = Agent.objects.select_for_update(no_key=True).get(pk=agent_id)
        if agent.state == AgentState.ACTIVE:
            states.change(agent_id, AgentState.PAUSED, reason, actor="outbound")


def kill(agent_id: uuid.UUID, reason: str) -> None:
    """Kill an agent in the caller's transaction, which holds its row."""
    states.change(agent_id, AgentState.KILLED, reason, actor="outbound")


def after_change(agent_id: uuid.UUID) -> None:
    """What a change of state means for an agent's mail: called once for each, and again does no harm.

    What holds is the state that the agent is in now: two workers may take two changes in the other order.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        state = Agent.objects.select_for_update(no_key=True).values_list("state", flat=True).get(pk=agent_id)
        values: dict[str, Any] = {"agent": agent_id, "now": clock.now(), "code": f"agent_{state}"}
        if state == AgentState.ACTIVE:
            cursor.execute(_REQUEUE, values)
            action = "outbound.requeued"
        else:
            cursor.execute(_HOLD, values)
            action = "outbound.held"
        if cursor.rowcount:
            record("outbound", action, agent_id, messages=cursor.rowcount, state=state)
        wake("outbound")


def notice(agent: Agent, state: AgentState, reason: str) -> Draft | None:
    """The mail to the owner's human about an agent that was stopped; None where nobody is to be told."""
    if state not in _WORDS or not agent.owner.email:
        return None
    what, then = _WORDS[state]
    return Draft(
        recipients=(Recipient(Mailbox(agent.owner.email), Role.TO),),
        subject=f"Your agent {agent.name} was {what}",
        text=f"The agent {agent.name} was {what}: {reason or 'no reason was given'}\n\n{then}\n",
        origin=Origin.NOTICE,
        is_automatic=True,
    )
