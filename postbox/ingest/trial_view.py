"""``POST /rule/try``."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from postbox.api.schema import ERRORS
from postbox.api.serializers import read
from postbox.identity.http import KeyView
from postbox.ingest.trial import try_rule
from postbox.lib.ids import uuid7
from postbox.rules import store
from postbox.rules.compiled import CompiledRule, compile_rule
from postbox.rules.serializers import TryAnswer, TryBody
from postbox.rules.views import UNKNOWN, agent_of


class TryView(KeyView):
    @extend_schema(
        operation_id="rule_try",
        summary="Try a rule on the newest stored mail; nothing is changed",
        request=TryBody,
        responses={200: TryAnswer, **ERRORS, **UNKNOWN},
    )
    def post(self, request: Request) -> Response:
        values, agent_id = read(TryBody, request), agent_of(request)
        return Response(try_rule(agent_id, _rule(agent_id, values), values["limit"]).shown())


def _rule(agent_id: uuid.UUID, values: dict[str, Any]) -> CompiledRule:
    if "id" in values:
        kept = store.find(agent_id, values["id"])
        return compile_rule(kept.id, kept.name, kept.match, kept.actions)
    actions = values.get("actions", {"stop": True})
    store.check(agent_id, values["match"], actions)
    return compile_rule(uuid7(), "trial", values["match"], actions)
