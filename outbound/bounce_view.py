"""``POST /bounce``: Postmark's bounce JSON, signed by whoever relays it.

Decides that the raw body's signature is right before anything of it is read, in constant time; a bare 401 says nothing
to who does not know the secret. What is signed and cannot be read is an error that its sender can see.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from outbound.compose import own_id
from outbound.models import ReportKind
from outbound.reports import COMPLAINT_TYPE, Report, record_bounce
from postbox.api.errors import ApiError, TooLarge
from postbox.api.octets import OctetsView
from postbox.api.parsers import load
from postbox.api.schema import Error
from postbox.lib import clock
from reputation.bounces import is_hard_bounce

MOST = 256 * 1024
SOURCE = "postmark"
# What Postmark also tells at the address that was given to it (its RecordType), and types of bounces that are none:
# somebody or something answered, or asked for mail.
_NO_BOUNCES = {"Open", "Click", "SubscriptionChange"}
_NO_BOUNCE_TYPES = {"AutoResponder", "AddressChange", "ChallengeVerification", "OpenRelayTest", "Subscribe"}
_KINDS = {
    COMPLAINT_TYPE: ReportKind.COMPLAINT,
    "SpamNotification": ReportKind.COMPLAINT,
    "Delivery": ReportKind.DELIVERED,
}


class BadReport(ApiError):
    code = "bad_report"
    message = "The body is signed but is no bounce."
    fix = "Send Postmark's bounce JSON: Type, Email, MessageID, BouncedAt."


class BounceBody(serializers.Serializer[dict[str, Any]]):
    Type = serializers.CharField(help_text="HardBounce, Transient, SpamComplaint and others, as Postmark names them.")
    MessageID = serializers.CharField(help_text="Our id, the Message-ID, or the provider's id.")
    Email = serializers.CharField(required=False)
    ID = serializers.IntegerField(required=False, help_text="Tells one bounce from another.")
    Details = serializers.CharField(required=False)
    BouncedAt = serializers.DateTimeField(required=False)


class BounceAnswer(serializers.Serializer[dict[str, Any]]):
    recorded = serializers.BooleanField(help_text="false: it was recorded before, or is no bounce.")


class BounceView(OctetsView):
    """Takes a bounce or a complaint; the same one again changes nothing."""

    http_method_names = ["post"]

    def take(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        return _take(request)

    @extend_schema(
        operation_id="bounce",
        summary="Take a bounce or a complaint, signed",
        description="`x-postbox-signature` is the hex HMAC-SHA256 of the raw body with POSTBOX_BOUNCE_SECRET.",
        parameters=[OpenApiParameter("x-postbox-signature", str, OpenApiParameter.HEADER, required=True)],
        request=BounceBody,
        responses={
            200: BounceAnswer,
            400: OpenApiResponse(Error, "Signed, and no bounce"),
            401: OpenApiResponse(description="The signature is missing or wrong; the body is empty"),
            405: OpenApiResponse(Error, "Another method is needed"),
            413: OpenApiResponse(Error, "Too large"),
            503: OpenApiResponse(Error, "The database does not answer: send it again"),
        },
    )
    def post(self, request: Request, **parts: Any) -> Response:
        return super().post(request, **parts)


def _take(request: HttpRequest) -> HttpResponse:
    body = request.read(MOST + 1)
    if not _is_signed(body, request.META.get("HTTP_X_POSTBOX_SIGNATURE", "")):
        return HttpResponse(status=401)
    if len(body) > MOST:
        raise TooLarge()
    report = report_of(load(body), body)
    return JsonResponse({"recorded": report is not None and record_bounce(report) is not None})


def report_of(data: Any, body: bytes) -> Report | None:
    """Postmark's bounce (``RecordType`` Bounce, SpamComplaint or Delivery); None for what is none. Raises BadReport."""
    if not isinstance(data, dict):
        raise BadReport()
    named = str(data.get("MessageID") or data.get("messageId") or "").strip()
    kind = str(data.get("Type") or data.get("RecordType") or "").strip()
    if not named or not kind:
        raise BadReport()
    if data.get("RecordType") in _NO_BOUNCES or kind in _NO_BOUNCE_TYPES:
        return None
    meant = _KINDS.get(kind, ReportKind.BOUNCE)
    return Report(
        source=SOURCE,
        event=str(data.get("ID") or hashlib.sha256(body).hexdigest()),
        kind=meant,
        at=_time(data.get("BouncedAt") or data.get("DeliveredAt")),
        address=str(data.get("Email") or data.get("Recipient") or "").strip(),
        message_id=_own(named),
        provider_id=named,
        bounce_type={ReportKind.BOUNCE: kind, ReportKind.COMPLAINT: COMPLAINT_TYPE}.get(meant, ""),
        is_hard=is_hard_bounce(kind),
        detail=str(data.get("Details") or data.get("Description") or ""),
    )


def _is_signed(body: bytes, shown: str) -> bool:
    wanted = hmac.new(settings.POSTBOX_BOUNCE_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted.encode(), shown.strip().lower().encode("utf-8", "replace"))


def _own(named: str) -> uuid.UUID | None:
    """Our id, as /send gave it or as it stands in the Message-ID."""
    try:
        return uuid.UUID(named)
    except ValueError:
        return own_id(named)


def _time(given: Any) -> datetime:
    try:
        found = parse_datetime(str(given)) if given else None
    except ValueError:
        found = None
    if found is None:
        return clock.now()
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return min(aware, clock.now())
