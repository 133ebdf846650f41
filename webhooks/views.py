"""The routes of webhooks, for agents: each reads a request, calls what does the work, and shapes the answer."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from postbox.api.errors import Forbidden, NotFound
from postbox.api.schema import ERRORS, Error
from postbox.api.serializers import read
from postbox.events.body import timestamp
from postbox.identity.http import KeyView, holder
from postbox.lib import clock
from webhooks import endpoints, replay
from webhooks.models import Endpoint
from webhooks.serializers import (
    EndpointBody,
    EndpointId,
    EndpointsAnswer,
    NoBody,
    PingAnswer,
    RegisterAnswer,
    RegisterBody,
    ReplayAnswer,
    ReplayBody,
    RotateAnswer,
    RotateBody,
)

_UNKNOWN = {404: OpenApiResponse(Error, "No such endpoint, event or message of this agent")}
_CONFLICT = {409: OpenApiResponse(Error, "Too many endpoints, or the endpoint is disabled")}


def _agent(request: Request) -> uuid.UUID:
    agent_id = holder(request).agent_id
    if agent_id is None:  # KeyKinds let only agents' keys in, and the table has none without an agent
        raise Forbidden()
    return agent_id


class RegisterView(KeyView):
    @extend_schema(
        operation_id="webhook_register",
        summary="Register an endpoint",
        description="The secret is shown once. Every attempt checks the URL again.",
        request=RegisterBody,
        responses={201: RegisterAnswer, **ERRORS, **_CONFLICT},
    )
    def post(self, request: Request) -> Response:
        values = read(RegisterBody, request)
        endpoint, secret = endpoints.register(
            _agent(request), values["url"], values["events"], values["description"], actor=holder(request).actor
        )
        return Response({"id": str(endpoint.id), "secret": secret}, status=201)


class ListView(KeyView):
    @extend_schema(
        operation_id="webhook_list",
        summary="The agent's endpoints and their health",
        request=NoBody,
        responses={200: EndpointsAnswer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        read(NoBody, request)
        rows = [_shape(row.endpoint) | {"health": _health(row)} for row in endpoints.listing(_agent(request))]
        return Response({"count": len(rows), "next_page_token": None, "endpoints": rows})


class RotateView(KeyView):
    @extend_schema(
        operation_id="webhook_rotate",
        summary="A new secret; both sign during the grace",
        request=RotateBody,
        responses={200: RotateAnswer, **ERRORS, **_UNKNOWN},
    )
    def post(self, request: Request) -> Response:
        values = read(RotateBody, request)
        grace = timedelta(seconds=values["grace_seconds"])
        secret, until = endpoints.rotate(_agent(request), values["id"], grace, actor=holder(request).actor)
        return Response({"secret": secret, "old_secret_expires_at": timestamp(until)})


class PingView(KeyView):
    @extend_schema(
        operation_id="webhook_ping",
        summary="Send a `ping` event to one endpoint",
        request=EndpointId,
        responses={202: PingAnswer, **ERRORS, **_UNKNOWN, **_CONFLICT},
    )
    def post(self, request: Request) -> Response:
        values = read(EndpointId, request)
        event_id = endpoints.ping(_agent(request), values["id"], actor=holder(request).actor)
        return Response({"id": event_id}, status=202)


class ReplayView(KeyView):
    @extend_schema(
        operation_id="webhook_replay",
        summary="Send events again, under the same webhook-id",
        description="By `id`: every delivery of that event, or of the message's events, delivered ones too. By time: "
        f"the dead letters of events since then, at most {replay.MOST} a call.",
        request=ReplayBody,
        responses={200: ReplayAnswer, **ERRORS, **_UNKNOWN},
    )
    def post(self, request: Request) -> Response:
        values = read(ReplayBody, request)
        agent_id, actor = _agent(request), holder(request).actor
        if "id" not in values:
            return Response({"replayed": replay.by_time(agent_id, values["since"], values.get("until"), actor=actor)})
        count = replay.by_id(agent_id, values["id"], actor=actor)
        if count is None:
            raise NotFound("There is no such event or message.", fix="Use a webhook-id, or a message's id from /list.")
        return Response({"replayed": count})


class DisableView(KeyView):
    @extend_schema(
        operation_id="webhook_disable",
        summary="Stop sending to an endpoint",
        request=EndpointId,
        responses={200: EndpointBody, **ERRORS, **_UNKNOWN},
    )
    def post(self, request: Request) -> Response:
        values = read(EndpointId, request)
        return Response(_shape(endpoints.disable(_agent(request), values["id"], actor=holder(request).actor)))


class EnableView(KeyView):
    @extend_schema(
        operation_id="webhook_enable",
        summary="Send to a disabled endpoint again",
        description="From the next event on; bring back what it missed with /webhook/replay.",
        request=EndpointId,
        responses={200: EndpointBody, **ERRORS, **_UNKNOWN},
    )
    def post(self, request: Request) -> Response:
        values = read(EndpointId, request)
        return Response(_shape(endpoints.enable(_agent(request), values["id"], actor=holder(request).actor)))


class DeleteView(KeyView):
    @extend_schema(
        operation_id="webhook_delete",
        summary="Delete an endpoint and its secrets",
        request=EndpointId,
        responses={204: None, **ERRORS, **_UNKNOWN},
    )
    def post(self, request: Request) -> Response:
        values = read(EndpointId, request)
        endpoints.delete(_agent(request), values["id"], actor=holder(request).actor)
        return Response(status=204)


def _shape(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": str(endpoint.id),
        "url": endpoint.url,
        "events": endpoint.kinds,
        "description": endpoint.description,
        "state": endpoint.state,
        "disabled_reason": endpoint.disabled_reason,
        "created_at": timestamp(endpoint.created_at),
    }


def _health(row: endpoints.Listed) -> dict[str, Any]:
    endpoint = row.endpoint
    times = {
        "last_attempt": row.last_attempt,
        "last_success_at": endpoint.last_success_at,
        "last_failure_at": endpoint.last_failure_at,
        "failing_since": endpoint.first_failure_at,
        "paused_until": endpoint.not_before if endpoint.not_before > clock.now() else None,
    }
    return {name: timestamp(at) if at else None for name, at in times.items()} | {
        "consecutive_failures": endpoint.consecutive_failures,
        "pending": row.pending,
        "dead": row.dead,
    }
