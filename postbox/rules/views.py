"""``POST /rule/put``, ``/rule/list``, ``/rule/delete``: an agent's own rules. ``/rule/try`` is ingest's."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from postbox.api.errors import Forbidden
from postbox.api.schema import ERRORS, Error
from postbox.api.serializers import read
from postbox.identity.http import KeyView, holder
from postbox.rules import store
from postbox.rules.serializers import PutBody, RuleId, RuleListBody, RulesAnswer, RuleShape

UNKNOWN = {404: OpenApiResponse(Error, "No such rule of this agent")}
_CONFLICT = {409: OpenApiResponse(Error, "The name is taken, or there are too many rules")}


def agent_of(request: Request) -> uuid.UUID:
    """Whose key this is."""
    agent_id = holder(request).agent_id
    if agent_id is None:  # KeyKinds let only agents' keys in, and the table has none without an agent
        raise Forbidden()
    return agent_id


class PutView(KeyView):
    @extend_schema(
        operation_id="rule_put",
        summary="Make a rule, or replace one",
        description="It holds for every mail that comes in from then on. Rules are asked by `priority`, then by age; "
        "all that match count, until one says `stop`. `errors` names each place that is not well formed.",
        request=PutBody,
        responses={200: RuleShape, **ERRORS, **UNKNOWN, **_CONFLICT},
    )
    def post(self, request: Request) -> Response:
        rule = store.put(agent_of(request), read(PutBody, request), actor=holder(request).actor)
        return Response(store.shown(rule))


class ListView(KeyView):
    @extend_schema(
        operation_id="rule_list",
        summary="The agent's rules, in the order in which they are asked",
        request=RuleListBody,
        responses={200: RulesAnswer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        read(RuleListBody, request)
        rules = [store.shown(rule) for rule in store.listing(agent_of(request))]
        return Response({"count": len(rules), "next_page_token": None, "rules": rules})


class DeleteView(KeyView):
    @extend_schema(
        operation_id="rule_delete",
        summary="Delete a rule",
        description="Folders and labels that it gave stay.",
        request=RuleId,
        responses={204: None, **ERRORS, **UNKNOWN},
    )
    def post(self, request: Request) -> Response:
        values = read(RuleId, request)
        store.delete(agent_of(request), values["id"], actor=holder(request).actor)
        return Response(status=204)
