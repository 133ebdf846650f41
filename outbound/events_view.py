"""``POST /events/<provider>``: what became of mail, told by the provider that sent it.

Decides how a provider is answered: 404 where its secret is not set, a bare 401 where the request does not show it, 200
once everything that it tells is written down or was before, 503 while it cannot be (every provider comes again then).
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from outbound.reports import Report, record_bounce
from outbound.tracking import TRACKERS, Tracker, reports
from postbox.api.bodies import drain
from postbox.api.errors import NotFound, TooLarge, answer
from postbox.ingest.inbound.models import is_first
from postbox.ingest.inbound.provider import Unverified

MOST = 2 * 1024 * 1024  # SendGrid tells of up to 768 KiB at once


@method_decorator(csrf_exempt, name="dispatch")
class EventsView(View):
    """Takes events; the same ones again change nothing."""

    http_method_names = ["post", "head"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """As an API view does: every error becomes an answer."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except Unverified:
            # What SNS needs to hear before it sends the secret.
            return HttpResponse(status=401, headers={"WWW-Authenticate": 'Basic realm="postbox"'})
        except Exception as error:
            return answer(error)

    def head(self, request: HttpRequest, esp: str) -> HttpResponse:
        """Some providers look whether anybody is there when the webhook is set up."""
        _known(esp)
        return HttpResponse()

    def post(self, request: HttpRequest, esp: str) -> HttpResponse:
        """Write down what is told."""
        tracker, secrets = _known(esp)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length[:12]) > MOST:
            drain(request)
            raise TooLarge()
        tracker.verify(request, secrets)
        return JsonResponse({"recorded": _record(esp, tracker, reports(esp, tracker, request, secrets))})


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
