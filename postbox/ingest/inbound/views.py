"""The door for providers.

Decides how a provider is answered: 404 where its secret is not set, a bare 401 where the request does not show it, 200
once the mail is stored or was before, 503 while it cannot be stored (every provider comes again then), 429 or 503 where
there was too much mail for now, and the status at which the provider gives up
only for what no repetition can mend.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from postbox.api.bodies import drain, is_announced_larger
from postbox.api.errors import ApiError, NotFound
from postbox.api.octets import OctetsView
from postbox.api.schema import Error
from postbox.ingest import envelope, metrics
from postbox.ingest.door import MailTooLarge, Receipt, portions, receive
from postbox.ingest.inbound.models import is_first
from postbox.ingest.inbound.provider import ComeAgain, Delivered, Provider, Unverified
from postbox.ingest.limiting.admit import CODE, RateLimited
from postbox.ingest.views import MAX_BODY_BYTES
from postbox.mail.store import Envelope

_BODIES = {
    "application/json": OpenApiTypes.ANY,
    "multipart/form-data": OpenApiTypes.OBJECT,
    "application/x-www-form-urlencoded": OpenApiTypes.OBJECT,
    "text/plain": OpenApiTypes.STR,
}
PROVIDERS = ("postmark", "mailgun", "sendgrid", "ses", "mailersend", "mailjet", "mandrill", "postal", "sparkpost")


# Of several mails in one request: one that may be stored later must not be given up for one that never can.
_COMES_AGAIN = frozenset({RateLimited.status, ComeAgain.status})


class InboundAnswer(serializers.Serializer[dict[str, Any]]):
    stored = serializers.IntegerField(help_text="Messages, one for each recipient that an agent here has.")
    rejected = serializers.IntegerField(help_text="Recipients that no agent here has.")
    duplicate = serializers.BooleanField(help_text="All of it was here before.")


class InboundView(OctetsView):
    """``POST /inbound/<provider>``."""

    def look(self, **parts: Any) -> None:
        _known(parts["esp"])

    def take(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        return _post(request, parts["esp"])

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        if response.status_code >= 400 and request.method in {"POST", "HEAD"}:
            metrics.refused_by(response)
        return response

    @extend_schema(
        operation_id="inbound",
        summary="Take mail in from a provider, as its webhook posts it",
        description="Who posts is told by the provider's own signature, or by a user and password in the address; "
        "404 until its secret is set. docs/mail-servers.md says how each is set up.",
        parameters=[OpenApiParameter("esp", str, OpenApiParameter.PATH, enum=PROVIDERS)],
        request=_BODIES,
        responses={
            200: OpenApiResponse(InboundAnswer, "Stored, or here before, or for nobody here"),
            400: OpenApiResponse(Error, "The body is not what it says it is"),
            401: OpenApiResponse(description="The secret or the signature is missing or wrong; the body is empty"),
            403: OpenApiResponse(Error, "Too large, to Postmark"),
            404: OpenApiResponse(Error, "No such provider, or its secret is not set"),
            405: OpenApiResponse(Error, "Another method is needed"),
            406: OpenApiResponse(Error, "Too large, to Mailgun"),
            413: OpenApiResponse(Error, "Too large"),
            422: OpenApiResponse(Error, "Not an inbound mail in the form that the provider documents"),
            429: OpenApiResponse(Error, "Too much mail for now: send it again after `Retry-After` seconds"),
            503: OpenApiResponse(
                Error, "Something does not answer, or, to SendGrid and Postal, too much mail: send it again"
            ),
        },
    )
    def post(self, request: Request, **parts: Any) -> Response:
        return super().post(request, **parts)


def _post(request: HttpRequest, esp: str) -> HttpResponse:
    provider, secrets = _known(esp)
    if is_announced_larger(request.META, MAX_BODY_BYTES):
        drain(request)
        raise _too_large(provider)
    try:
        provider.verify(request, secrets)
        return JsonResponse(_take_all(esp, provider.read(request, secrets)))
    except Unverified:
        return _challenge(provider)
    except RateLimited as error:
        error.status = provider.too_soon
        raise
    except (MailTooLarge, RequestDataTooBig) as error:
        raise _too_large(provider) from error


def _known(esp: str) -> tuple[Provider, dict[str, Any]]:
    """The provider's own file, loaded when it is first needed: some of anymail's are heavy."""
    secrets = settings.POSTBOX_INBOUND.get(esp) if esp in PROVIDERS else None
    if not secrets:
        raise NotFound()
    provider: Provider = import_module(f"postbox.ingest.inbound.{esp}").PROVIDER
    return provider, secrets


def _take_all(esp: str, mails: Sequence[Delivered | ApiError]) -> dict[str, Any]:
    """Store each by itself: one that cannot be taken keeps none of the others away, and is told of at the end."""
    shapes: list[dict[str, Any]] = []
    errors: list[ApiError] = []
    for mail in mails:
        try:
            if isinstance(mail, ApiError):
                raise mail
            shapes.append(_take(esp, mail))
        except ApiError as error:
            errors.append(error)
    if errors:
        raise next((error for error in errors if error.status in _COMES_AGAIN), errors[0])
    return {
        "stored": sum(shape["stored"] for shape in shapes),
        "rejected": sum(shape["rejected"] for shape in shapes),
        "duplicate": bool(shapes) and all(shape["duplicate"] for shape in shapes),
    }


def _take(esp: str, delivered: Delivered) -> dict[str, Any]:
    """Store a mail, a large one for some recipients after the others: a whole copy of it is made for each.

    The event is known from the last portion on: what was cut off before is stored when the provider comes again.
    """
    said = envelope.read(delivered.mail_from, delivered.rcpt_to, delivered.client_ip, "")
    *before, last = portions(delivered.raw, said)
    receipts = [_receive(delivered, portion) for portion in before]
    with transaction.atomic():
        if not is_first(esp, delivered.event):
            return {"stored": 0, "rejected": 0, "duplicate": True}
        receipts.append(_receive(delivered, last))
        stored = [row for receipt in receipts for row in receipt.stored]
        answers = sum(len(receipt.answers) for receipt in receipts)
        if not stored and not answers:  # once the recipient exists the provider may send it again
            transaction.set_rollback(True)
    return {
        "stored": len(stored) + answers,
        "rejected": sum(len(receipt.rejected) for receipt in receipts),
        "duplicate": bool(stored) and all(row.duplicate for row in stored),
    }


def _receive(delivered: Delivered, said: Envelope) -> Receipt:
    """For all of these or none: the answer is one for all, and after 200 the provider would not come again."""
    return receive(delivered.raw, said, none_if={CODE})


def _too_large(provider: Provider) -> ApiError:
    return ApiError(MailTooLarge.message, code=MailTooLarge.code, fix=MailTooLarge.fix, status=provider.give_up)


def _challenge(provider: Provider) -> HttpResponse:
    """Nothing but the status, and what SNS needs to hear before it sends the secret."""
    headers = {"WWW-Authenticate": 'Basic realm="postbox"'} if provider.unverified == 401 else {"Retry-After": "60"}
    return HttpResponse(status=provider.unverified, headers=headers)
