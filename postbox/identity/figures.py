"""What identity shows on the front page: the agents that were stopped and wait for a person."""

from __future__ import annotations

from postbox.desk.figures import COUNTED_UP_TO, Figure, counted
from postbox.desk.words import Level
from postbox.identity.models import Agent, AgentState


def figures() -> list[Figure]:
    """Agents that may not send, killed ones apart; two bounded counts."""
    killed, paused = (_count(state) for state in (AgentState.KILLED, AgentState.PAUSED))
    level = Level.DANGER if killed else Level.WARNING if paused else Level.PLAIN
    state = AgentState.PAUSED if paused and not killed else AgentState.KILLED
    return [
        Figure(
            "Agents stopped",
            counted(killed + paused),
            f"{killed} killed, {paused} paused: a person resumes them",
            level,
            f"identity/agent/?state__exact={state}",
        )
    ]


def _count(state: AgentState) -> int:
    return Agent.objects.filter(state=state).order_by().values("pk")[: COUNTED_UP_TO + 1].count()
