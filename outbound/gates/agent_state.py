"""Gate ``agent_state``: a paused or killed agent sends nothing, whoever asks."""

from __future__ import annotations

from outbound.gates.case import Attempt, Refused
from outbound.models import Origin
from postbox.identity.models import AgentState
from postbox.mail.models import Outcome
from postbox.screening.case import Verdict

name = "agent_state"


class AgentPaused(Refused):
    code = "agent_paused"
    message = "This agent is paused."
    fix = "Ask the owner to resume it: POST /agent/state, or the admin."


class AgentKilled(Refused):
    code = "agent_killed"
    message = "This agent was killed, it may not send any more."
    fix = "A person has to look at what it sent before it is set active again."


_REFUSALS = {AgentState.PAUSED.value: AgentPaused, AgentState.KILLED.value: AgentKilled}


def check(attempt: Attempt) -> Verdict:
    if attempt.draft.origin == Origin.NOTICE:
        return Verdict(name, Outcome.SKIP, "notice", "A notice to a person.")
    if refusal := _REFUSALS.get(attempt.sender.state):
        why = attempt.sender.state_reason
        raise refusal(f"{refusal.message} The reason: {why}" if why else "")
    return Verdict(name, Outcome.PASS, "active", "The agent is active.")
