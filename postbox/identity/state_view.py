"""``POST /agent/state``: an owner pauses, kills or resumes an agent."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from postbox.api.errors import Forbidden, NotFound
from postbox.api.fields import Choice, Text
from postbox.api.schema import ERRORS, Error
from postbox.api.serializers import Body, read
from postbox.identity import states
from postbox.identity.http import KeyView, holder
from postbox.identity.models import Agent, AgentState, KeyKind


class StateBody(Body):
    agent_id = Text(max_length=64)
    state = Choice(choices=AgentState.choices)
    reason = Text(max_length=500, help_text="For the people who come after you.")


class StateAnswer(serializers.Serializer[dict[str, Any]]):
    agent_id = serializers.CharField()
    state = serializers.ChoiceField(choices=AgentState.choices)
    reason = serializers.CharField()


class AgentStateView(KeyView):
    kinds = frozenset({KeyKind.OWNER})

    @extend_schema(
        operation_id="agent_state",
        summary="Pause, kill or resume an agent",
        description="A paused or killed agent sends nothing; its mail comes in as ever.",
        request=StateBody,
        responses={200: StateAnswer, **ERRORS, 404: OpenApiResponse(Error, "No such agent of this owner")},
    )
    def post(self, request: Request) -> Response:
        values = read(StateBody, request)
        owner_id = holder(request).owner_id
        if owner_id is None:
            raise Forbidden()
        agent = Agent.objects.filter(owner_id=owner_id, name=values["agent_id"]).first()
        if agent is None:
            raise NotFound("This owner has no such agent.", fix="Use an `agent_id` that /alloc made.")
        states.change(agent.id, AgentState(values["state"]), values["reason"], actor=holder(request).actor)
        agent.refresh_from_db()
        return Response({"agent_id": agent.name, "state": agent.state, "reason": agent.state_reason})
