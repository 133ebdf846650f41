"""The routes of an owner's suppressions."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Q
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from postbox.api.errors import Forbidden, NotFound
from postbox.api.schema import ERRORS, Error
from postbox.api.serializers import read
from postbox.events.body import timestamp
from postbox.identity.http import KeyView, holder
from postbox.identity.models import Agent, KeyKind
from postbox.lib import clock
from reputation.models import Suppression, SuppressionReason
from reputation.serializers import (
    LiftAnswer,
    LiftBody,
    SuppressBody,
    SuppressionAnswer,
    SuppressionsAnswer,
    SuppressionsBody,
)
from reputation.suppressions import lift, suppress


class OwnerView(KeyView):
    """A route for owners."""

    kinds = frozenset({KeyKind.OWNER})


def owner_of(request: Request) -> uuid.UUID:
    """The owner whose key was shown."""
    owner_id = holder(request).owner_id
    if owner_id is None:
        raise Forbidden()
    return owner_id


class SuppressionListView(OwnerView):
    @extend_schema(
        operation_id="suppression_list",
        summary="Whom this owner's agents must not write to",
        request=SuppressionsBody,
        responses={200: SuppressionsAnswer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        values = read(SuppressionsBody, request)
        rows = Suppression.objects.select_related("agent").filter(owner_id=owner_of(request), lifted_at=None)
        rows = rows.filter(Q(expires_at=None) | Q(expires_at__gt=clock.now())).order_by("-id")
        if token := values.get("page_token"):
            rows = rows.filter(id__lt=token)
        found = list(rows[: values["limit"] + 1])
        shown = found[: values["limit"]]
        more = str(shown[-1].id) if len(found) > len(shown) else None
        return Response({"count": len(shown), "next_page_token": more, "suppressions": [_shape(row) for row in shown]})


class SuppressionPutView(OwnerView):
    @extend_schema(
        operation_id="suppression_put",
        summary="Never write to this address",
        request=SuppressBody,
        responses={200: SuppressionAnswer, **ERRORS, 404: OpenApiResponse(Error, "No such agent of this owner")},
    )
    def post(self, request: Request) -> Response:
        values = read(SuppressBody, request)
        owner_id = owner_of(request)
        agent = _agent(owner_id, values["agent_id"]) if "agent_id" in values else None
        reason, detail = _reason(values["reason"])
        row = suppress(
            owner_id,
            values["address"],
            reason,
            detail=detail,
            agent_id=agent.id if agent else None,
            expires_at=values.get("expires_at"),
            actor=holder(request).actor,
        )
        row.agent = agent
        return Response(_shape(row))


class SuppressionLiftView(OwnerView):
    @extend_schema(
        operation_id="suppression_lift",
        summary="Let an address be written to again",
        request=LiftBody,
        responses={200: LiftAnswer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        values = read(LiftBody, request)
        return Response({"lifted": lift(owner_of(request), values["address"], actor=holder(request).actor)})


def _agent(owner_id: uuid.UUID, name: str) -> Agent:
    agent = Agent.objects.filter(owner_id=owner_id, name=name).first()
    if agent is None:
        raise NotFound("This owner has no such agent.", fix="Use an `agent_id` that /alloc made.")
    return agent


def _reason(words: str) -> tuple[SuppressionReason, str]:
    """One of the known reasons, or a person's own words for doing it by hand."""
    known = words in SuppressionReason.values
    return (SuppressionReason(words), "") if known else (SuppressionReason.MANUAL, words)


def _shape(row: Suppression) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "address": row.address,
        "reason": row.reason,
        "detail": row.detail,
        "agent_id": row.agent.name if row.agent else None,
        "created_at": timestamp(row.created_at),
        "expires_at": timestamp(row.expires_at) if row.expires_at else None,
    }
