"""``POST /alloc``: an owner gives an agent an address."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from postbox.api.schema import ERRORS, Error
from postbox.api.serializers import read
from postbox.identity.alloc import allocate
from postbox.identity.http import KeyView, holder
from postbox.identity.models import KeyKind, Owner
from postbox.identity.serializers import AllocAnswer, AllocBody


class AllocView(KeyView):
    """Give an agent an address, and make the agent when it is new."""

    kinds = frozenset({KeyKind.OWNER})

    @extend_schema(
        operation_id="alloc",
        summary="Give an agent an address",
        description="A new agent is made with its key, which is shown this once. An agent that exists gets one more "
        "address and no key.",
        request=AllocBody,
        responses={201: AllocAnswer, **ERRORS, 409: OpenApiResponse(Error, "The address is taken")},
    )
    def post(self, request: Request) -> Response:
        values = read(AllocBody, request)
        given = allocate(
            Owner.objects.get(pk=str(holder(request).owner_id)),
            values["agent_id"],
            local_part=values.get("local_part", ""),
            domain=values.get("domain", ""),
            aliases=values["aliases"],
            actor=holder(request).actor,
        )
        answer = {"agent_id": given.agent.name, "address": given.address, "aliases": given.aliases}
        if given.agent_key:
            answer["agent_key"] = given.agent_key
        return Response(answer, status=201)
