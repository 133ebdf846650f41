"""``/send``: reads a request, has it enqueued, and shapes the answer."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from outbound import repeats
from outbound.draft import MESSAGE_BYTES
from outbound.enqueue import Enqueued, enqueue_outbound
from outbound.serializers import SendAnswer, SendBody, draft_of
from postbox.api.errors import Forbidden
from postbox.api.schema import ERRORS, Error
from postbox.api.serializers import read
from postbox.identity.http import KeyView, holder

_NO = {
    402: OpenApiResponse(Error, "The quota is spent; Retry-After says when it opens again"),
    403: OpenApiResponse(Error, "recipient_suppressed, agent_paused, agent_killed"),
    409: OpenApiResponse(Error, "A request of this Idempotency-Key is in flight"),
    422: OpenApiResponse(Error, "This Idempotency-Key was used with another body"),
}


def agent_of(request: Request) -> uuid.UUID:
    """The agent whose key was shown."""
    agent_id = holder(request).agent_id
    if agent_id is None:  # KeyKinds let only agents' keys in, and the table has none without an agent
        raise Forbidden()
    return agent_id


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
        values = read(SendBody, request)
        repeat = repeats.asked(request.META.get("HTTP_IDEMPOTENCY_KEY", ""), request.data)
        agent_id = agent_of(request)
        return Response(_shape(enqueue_outbound(agent_id, draft_of(values, agent_id), repeat=repeat)), status=202)


def _shape(taken: Enqueued) -> dict[str, str]:
    shape = {"id": str(taken.id), "status": taken.status}
    return shape | {"reason": taken.reason} if taken.reason else shape
