"""The door for providers.

Decides how a provider is answered: 404 where its secret is not set, a bare 401 where the request does not show it, 200
once the mail is stored or was before, 503 while it cannot be stored (every provider comes again then), and the status
at which the provider gives up only for what no repetition can mend.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from postbox.api.bodies import drain
from postbox.api.errors import ApiError, NotFound, answer
from postbox.ingest import envelope
from postbox.ingest.door import MailTooLarge, Receipt, receive
from postbox.ingest.inbound.models import is_first
from postbox.ingest.inbound.provider import Delivered, Provider, Unverified
from postbox.ingest.views import MAX_BODY_BYTES

PROVIDERS = ("postmark", "mailgun", "sendgrid", "ses")


@method_decorator(csrf_exempt, name="dispatch")
class InboundView(View):
    """``POST /inbound/<provider>``."""

    http_method_names = ["post", "head"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """As an API view does: every error becomes an answer."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except Exception as error:
            return answer(error)

    def head(self, request: HttpRequest, esp: str) -> HttpResponse:
        """Some providers look whether anybody is there when the webhook is set up."""
        _known(esp)
        return HttpResponse()

    def post(self, request: HttpRequest, esp: str) -> HttpResponse:
        """Take a mail in."""
        provider, secrets = _known(esp)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length[:12]) > MAX_BODY_BYTES:
            drain(request)
            raise _too_large(provider)
        try:
            provider.verify(request, secrets)
            delivered = provider.read(request)
            return JsonResponse(_take(esp, delivered) if delivered else _shape(None))
        except Unverified:
            return _challenge()
        except (MailTooLarge, RequestDataTooBig) as error:
            raise _too_large(provider) from error


def _known(esp: str) -> tuple[Provider, dict[str, Any]]:
    """The provider's own file, loaded when it is first needed: some of anymail's are heavy."""
    secrets = settings.POSTBOX_INBOUND.get(esp) if esp in PROVIDERS else None
    if not secrets:
        raise NotFound()
    provider: Provider = import_module(f"postbox.ingest.inbound.{esp}").PROVIDER
    return provider, secrets


def _take(esp: str, delivered: Delivered) -> dict[str, Any]:
    said = envelope.read(delivered.mail_from, delivered.rcpt_to, delivered.client_ip, "")
    with transaction.atomic():
        if not is_first(esp, delivered.event):
            return _shape(None, duplicate=True)
        receipt = receive(delivered.raw, said)
        if not receipt.stored:  # once the recipient exists the provider may send it again
            transaction.set_rollback(True)
    return _shape(receipt)


def _shape(receipt: Receipt | None, duplicate: bool = False) -> dict[str, Any]:
    return {
        "stored": len(receipt.stored) if receipt else 0,
        "rejected": len(receipt.rejected) if receipt else 0,
        "duplicate": duplicate or bool(receipt and receipt.stored and all(row.duplicate for row in receipt.stored)),
    }


def _too_large(provider: Provider) -> ApiError:
    return ApiError(MailTooLarge.message, code=MailTooLarge.code, fix=MailTooLarge.fix, status=provider.give_up)


def _challenge() -> HttpResponse:
    """Nothing but the status, and what SNS needs to hear before it sends the secret."""
    return HttpResponse(status=401, headers={"WWW-Authenticate": 'Basic realm="postbox"'})
