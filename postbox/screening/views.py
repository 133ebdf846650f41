"""``POST /policy/put`` and ``/policy/list``: what an owner lets in."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from postbox.api.errors import Forbidden
from postbox.api.schema import ERRORS, Error
from postbox.api.serializers import read
from postbox.identity.http import KeyView, holder
from postbox.identity.models import KeyKind
from postbox.screening import policies
from postbox.screening.serializers import PoliciesAnswer, PolicyListBody, PolicyPutBody, PolicyShape


def owner_of(request: Request) -> uuid.UUID:
    """Whose key this is."""
    owner_id = holder(request).owner_id
    if owner_id is None:
        raise Forbidden()
    return owner_id


class PutView(KeyView):
    kinds = frozenset({KeyKind.OWNER})

    @extend_schema(
        operation_id="policy_put",
        summary="Say what may come in: for an address, an agent, a domain, or all that is yours",
        description="What is left out stays as it is, and null is as the next wider level says: address, agent, "
        "domain, owner, then the operator's setting. It holds for every mail that comes in from then on.",
        request=PolicyPutBody,
        responses={200: PolicyShape, **ERRORS, 404: OpenApiResponse(Error, "Nothing of yours has that name")},
    )
    def post(self, request: Request) -> Response:
        policy = policies.put(owner_of(request), read(PolicyPutBody, request), actor=holder(request).actor)
        return Response(policies.shown(policy))


class ListView(KeyView):
    kinds = frozenset({KeyKind.OWNER})

    @extend_schema(
        operation_id="policy_list",
        summary="Your policies, the widest first",
        request=PolicyListBody,
        responses={200: PoliciesAnswer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        read(PolicyListBody, request)
        found = [policies.shown(policy) for policy in policies.listing(owner_of(request))]
        return Response({"count": len(found), "next_page_token": None, "policies": found})
