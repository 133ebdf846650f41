"""What providers tell of the mail that they sent, read by django-anymail's webhook views.

Decides how each is verified and which of its events say something of a recipient: delivered, bounced (refused and
failed among it), complained. Whether a bounce is for good is said by the provider's own type where it has one, else by
what the server answered. Nothing is written here.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from outbound.compose import own_id
from outbound.models import ReportKind
from outbound.reports import COMPLAINT_TYPE, Report
from postbox.ingest.inbound import ses
from postbox.ingest.inbound.mailgun import check_fresh
from postbox.ingest.inbound.provider import Secrets, Unusable, Unverified, basic_auth, validate
from postbox.lib import clock
from reputation.bounces import is_hard_bounce

# The name under which a mail's id travels with it (outbound.transports.provider).
METADATA = "postbox-id"
MAILGUN_SECONDS = 9 * 3600  # it tries for eight hours
SENDGRID_SECONDS = 25 * 3600  # for a day
_BROKEN = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
_KINDS = {
    "bounced": ReportKind.BOUNCE,
    "rejected": ReportKind.BOUNCE,
    "failed": ReportKind.BOUNCE,
    "complained": ReportKind.COMPLAINT,
    "delivered": ReportKind.DELIVERED,
}


@dataclass(frozen=True, slots=True)
class Tracker:
    """A provider: ``verify`` raises Unverified, ``events`` gives anymail's events of a verified request.

    ``type_of`` finds the provider's own type of a bounce. ``signs_body``: a signature holds for no other body.
    """

    verify: Callable[[HttpRequest, Secrets], None]
    events: Callable[[HttpRequest, Secrets], list[Any]]
    type_of: Callable[[dict[str, Any]], Any] = lambda event: None
    signs_body: bool = True


def reports(esp: str, tracker: Tracker, request: HttpRequest, secrets: Secrets) -> list[Report]:
    """What a verified request tells of recipients. Raises Unusable."""
    from anymail.exceptions import AnymailError

    try:
        events = tracker.events(request, secrets)
        return [_report(esp, tracker, event) for event in events if event.event_type in _KINDS]
    except (*_BROKEN, AnymailError) as error:
        raise Unusable(
            "This is no event in the form that the provider documents.",
            fix="Point only the provider's webhook for delivery events here; docs/mail-servers.md shows how.",
        ) from error


def _report(esp: str, tracker: Tracker, event: Any) -> Report:
    kind = _KINDS[event.event_type]
    is_complaint = kind == ReportKind.COMPLAINT
    is_hard = kind == ReportKind.BOUNCE and _is_hard(tracker.type_of(event.esp_event), event)
    plain = "HardBounce" if is_hard else "SoftBounce"
    provider_id = str(event.message_id or "").replace("\x00", "")
    now = clock.now()
    return Report(
        source=esp,
        event=str(event.event_id or ""),
        kind=kind,
        at=min(event.timestamp, now) if event.timestamp and event.timestamp.tzinfo else now,
        address=str(event.recipient or "").replace("\x00", ""),
        message_id=_own(event.metadata) or own_id(provider_id),
        provider_id=provider_id,
        bounce_type="" if kind == ReportKind.DELIVERED else COMPLAINT_TYPE if is_complaint else plain,
        is_hard=is_hard,
        detail=str(event.mta_response or event.description or event.reject_reason or ""),
    )


def _is_hard(own_type: Any, event: Any) -> bool:
    if own_type:
        return is_hard_bounce(str(own_type))
    if event.mta_response:
        return is_hard_bounce(str(event.mta_response))
    return event.reject_reason in {"invalid", "bounced"}


def _own(metadata: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(metadata[METADATA]))
    except (LookupError, TypeError, ValueError):
        return None


# --- the providers -----------------------------------------------------------------------------------------------


def _postmark_events(request: HttpRequest, secrets: Secrets) -> list[Any]:
    from anymail.webhooks.postmark import PostmarkTrackingWebhookView

    events: list[Any] = _bare(PostmarkTrackingWebhookView).parse_events(request)
    return events


def _mailgun(key: str) -> Any:
    from anymail.webhooks.mailgun import MailgunTrackingWebhookView

    return MailgunTrackingWebhookView(webhook_signing_key=key, webhook_secret=[])


def _verify_mailgun(request: HttpRequest, secrets: Secrets) -> None:
    """HMAC-SHA256 over time and token."""
    if request.content_type != "application/json":
        raise Unverified("no JSON")
    validate(lambda: _mailgun(secrets["key"]), request)
    check_fresh(str(json.loads(request.body)["signature"]["timestamp"]), MAILGUN_SECONDS)


def _mailgun_events(request: HttpRequest, secrets: Secrets) -> list[Any]:
    """The reply's code stands beside its words."""
    events: list[Any] = _mailgun(secrets["key"]).parse_events(request)
    for event in events:
        said = event.esp_event["event-data"].get("delivery-status") or {}
        if event.mta_response:
            event.mta_response = f"{said.get('code', '')} {event.mta_response}".strip()
    return events


def _sendgrid(secrets: Secrets) -> Any:
    from anymail.webhooks.sendgrid import SendGridTrackingWebhookView

    return SendGridTrackingWebhookView(
        tracking_webhook_verification_key=secrets.get("key") or None, webhook_secret=secrets.get("secret") or []
    )


def _verify_sendgrid(request: HttpRequest, secrets: Secrets) -> None:
    """The ECDSA signature where its key is set, else basic authentication."""
    validate(lambda: _sendgrid(secrets), request)
    if secrets.get("key"):
        check_fresh(request.headers.get("X-Twilio-Email-Event-Webhook-Timestamp", ""), SENDGRID_SECONDS)


def _sendgrid_events(request: HttpRequest, secrets: Secrets) -> list[Any]:
    from anymail.webhooks.sendgrid import SendGridTrackingWebhookView

    events: list[Any] = _bare(SendGridTrackingWebhookView).parse_events(request)
    return events


def _ses_events(request: HttpRequest, secrets: Secrets) -> list[Any]:
    """Those of a notification, by anymail's view without what it would ask of AWS: boto3 need not be there."""
    from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView

    said = json.loads(request.body)
    if said.get("Type") == "SubscriptionConfirmation":
        ses.subscribe(said, secrets)
    if said.get("Type") != "Notification":
        return []
    events: list[Any] = _bare(AmazonSESTrackingWebhookView).parse_events(request)
    return events


def _bare(view: type[Any]) -> Any:
    """A view that only reads: the request has been verified, so it needs no secret."""
    return object.__new__(view)


TRACKERS = {
    "postmark": Tracker(
        lambda request, secrets: basic_auth(request, secrets),
        _postmark_events,
        lambda event: event.get("Type"),
    ),
    "mailgun": Tracker(_verify_mailgun, _mailgun_events, signs_body=False),
    "sendgrid": Tracker(_verify_sendgrid, _sendgrid_events),
    "ses": Tracker(ses.verify, _ses_events, lambda event: (event.get("bounce") or {}).get("bounceType")),
}
