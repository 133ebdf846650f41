"""``POST /list`` and ``POST /mark_read``: an agent reads its own mail."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from postbox.api.errors import Forbidden
from postbox.api.schema import ERRORS
from postbox.api.serializers import read
from postbox.identity.http import KeyView, holder
from postbox.identity.models import KeyKind
from postbox.mail import listing
from postbox.mail.serializers import ListAnswer, ListBody, MarkReadAnswer, MarkReadBody


def _agent(request: Request) -> uuid.UUID:
    agent_id = holder(request).agent_id
    if agent_id is None:  # KeyKinds let only agents' keys in, and the table has none without an agent
        raise Forbidden()
    return agent_id


class ListView(KeyView):
    """An agent's mail, newest first."""

    kinds = frozenset({KeyKind.AGENT})

    @extend_schema(
        operation_id="list",
        summary="List the agent's mail, newest first",
        description="Quarantined mail is left out unless `quarantined` is true, and then both kinds come; refused mail "
        "never does, nor mail that is still being screened. To follow a mailbox, ask for `unread` and mark what was "
        "handled: screening may finish out of order, so `since` alone can pass over a mail.",
        request=ListBody,
        responses={200: OpenApiResponse(ListAnswer, "A page"), **ERRORS},
    )
    def post(self, request: Request) -> Response:
        values = read(ListBody, request)
        limit, token = values.pop("limit"), values.pop("page_token", "")
        page = listing.page(_agent(request), listing.Query(**values), limit, token)
        return Response(
            {"count": len(page.messages), "next_page_token": page.next_page_token, "messages": page.messages}
        )


class MarkReadView(KeyView):
    """Mark mail as read."""

    kinds = frozenset({KeyKind.AGENT})

    @extend_schema(
        operation_id="mark_read",
        summary="Mark mail as read",
        description="Ids that are unknown, another agent's or read already change nothing.",
        request=MarkReadBody,
        responses={200: OpenApiResponse(MarkReadAnswer, "How many were newly read"), **ERRORS},
    )
    def post(self, request: Request) -> Response:
        values = read(MarkReadBody, request)
        return Response({"updated": listing.mark_read(_agent(request), values["ids"])})
