"""``POST /events/<provider>``: what became of mail, told by the provider that sent it.

Decides how a provider is answered: 404 where its secret is not set, a bare 401 where the request does not show it, 200
once everything that it tells is written down or was before, 503 while it cannot be (every provider comes again then).
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from outbound.reports import Report, record_bounce
from outbound.tracking import TRACKERS, Tracker, reports
from postbox.api.bodies import drain, is_announced_larger
from postbox.api.errors import NotFound, TooLarge
from postbox.api.octets import OctetsView
from postbox.api.schema import Error
from postbox.ingest.inbound.models import is_first
from postbox.ingest.inbound.provider import Unverified

MOST = 2 * 1024 * 1024  # SendGrid tells of up to 768 KiB at once


class EventsAnswer(serializers.Serializer[dict[str, Any]]):
    recorded = serializers.IntegerField(help_text="Reports that were new.")


class EventsView(OctetsView):
    """Takes events; the same ones again change nothing."""

    def look(self, **parts: Any) -> None:
        _known(parts["esp"])

    def take(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        tracker, secrets = _known(parts["esp"])
        if is_announced_larger(request.META, MOST):
            drain(request)
            raise TooLarge()
        try:
            tracker.verify(request, secrets)
            found = reports(parts["esp"], tracker, request, secrets)
            return JsonResponse({"recorded": _record(parts["esp"], tracker, found)})
        except Unverified:
            # What SNS needs to hear before it sends the secret.
            return HttpResponse(status=401, headers={"WWW-Authenticate": 'Basic realm="postbox"'})

    @extend_schema(
        operation_id="events",
        summary="Hear from a provider what became of mail",
        description="Who posts is told by the provider's own signature, or by a user and password in the address; "
        "404 until its secret is set. docs/mail-servers.md says how each is set up.",
        parameters=[OpenApiParameter("esp", str, OpenApiParameter.PATH, enum=sorted(TRACKERS))],
        request={"application/json": OpenApiTypes.ANY},
        responses={
            200: OpenApiResponse(EventsAnswer, "Written down, or written down before"),
            400: OpenApiResponse(Error, "The body is not what it says it is"),
            401: OpenApiResponse(description="The secret or the signature is missing or wrong; the body is empty"),
            404: OpenApiResponse(Error, "No such provider, or its secret is not set"),
            405: OpenApiResponse(Error, "Another method is needed"),
            413: OpenApiResponse(Error, "Too large"),
            422: OpenApiResponse(Error, "Not events in the form that the provider documents"),
            503: OpenApiResponse(Error, "Something that is needed does not answer: send it again"),
        },
    )
    def post(self, request: Request, **parts: Any) -> Response:
        return super().post(request, **parts)


def _known(esp: str) -> tuple[Tracker, dict[str, Any]]:
    secrets = settings.POSTBOX_EVENTS.get(esp)
    if not secrets or esp not in TRACKERS:
        raise NotFound()
    return TRACKERS[esp], secrets


def _record(esp: str, tracker: Tracker, found: list[Report]) -> int:
    """All or none; gives how many were new. A signature that holds for any body counts once."""
    with transaction.atomic():
        if found and not tracker.signs_body and not is_first(f"events-{esp}", found[0].event):
            return 0
        return sum(record_bounce(report) is not None for report in found)
