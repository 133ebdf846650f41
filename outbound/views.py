"""``/send``: reads a request, has it enqueued, and shapes the answer.

It goes past DRF's request, negotiation and rendering, which would cost as much as storing the mail does; it is checked
and answered by the same functions.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from outbound import repeats
from outbound.draft import MESSAGE_BYTES
from outbound.enqueue import Enqueued, enqueue_outbound
from outbound.serializers import SendAnswer, SendBody, draft_of
from postbox.api.errors import Forbidden, NotFound, answer
from postbox.api.parsers import JsonBody, load, read_bounded
from postbox.api.schema import ERRORS, Error
from postbox.api.serializers import checked
from postbox.identity.http import KeyView, bearer_holder, check_kind, holder
from postbox.identity.keys import KeyHolder

_NO = {
    402: OpenApiResponse(Error, "The quota is spent; Retry-After says when it opens again"),
    403: OpenApiResponse(Error, "recipient_suppressed, agent_paused, agent_killed"),
    409: OpenApiResponse(Error, "A request of this Idempotency-Key is in flight"),
    422: OpenApiResponse(Error, "This Idempotency-Key was used with another body"),
}


def agent_of(who: KeyHolder) -> uuid.UUID:
    """The agent whose key was shown."""
    if who.agent_id is None:  # only agents' keys are let in, and the table has none without an agent
        raise Forbidden()
    return who.agent_id


class SendView(KeyView):
    body_bytes = MESSAGE_BYTES * 4 // 3 + 4 * 1024 * 1024

    @extend_schema(
        operation_id="send",
        summary="Send a mail",
        description="202 means that it is stored and will be sent, or is held for a person. The same Idempotency-Key "
        "with the same body gives the same answer for 24 hours.",
        request=SendBody,
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
        responses={202: SendAnswer, **ERRORS, **_NO},
    )
    def post(self, request: Request) -> Response:
        return Response(_take(holder(request), request.data, request.META), status=202)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        has_body = bool((request.META.get("CONTENT_LENGTH") or "").strip("0"))
        if request.method != "POST" or request.content_type != JsonBody.media_type or not has_body:
            return super().dispatch(request, *args, **kwargs)
        try:
            who = bearer_holder(request.META)
            check_kind(who, self.kinds)
            taken = _take(who, load(read_bounded(request, self.body_bytes)), request.META)
        except Exception as error:  # as DRF does: every error becomes an answer
            return answer(error)
        return HttpResponse(json.dumps(taken), content_type="application/json", status=202)


def _take(who: KeyHolder, body: Any, meta: Mapping[str, Any]) -> dict[str, str]:
    values = checked(SendBody, body)
    repeat = repeats.asked(meta.get("HTTP_IDEMPOTENCY_KEY", ""), body)
    return _shape(_enqueued(agent_of(who), values, repeat))


def _enqueued(agent_id: uuid.UUID, values: dict[str, Any], repeat: repeats.Asked | None) -> Enqueued:
    try:
        return enqueue_outbound(agent_id, draft_of(values, agent_id), repeat=repeat)
    except NotFound:  # the mail that it answers or forwards may be gone since it was carried out
        if repeat and (before := repeats.answered(agent_id, repeat)):
            return Enqueued(**before, repeated=True)
        raise


def _shape(taken: Enqueued) -> dict[str, str]:
    shape = {"id": str(taken.id), "status": taken.status}
    return shape | {"reason": taken.reason} if taken.reason else shape
