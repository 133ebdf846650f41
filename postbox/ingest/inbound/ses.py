"""Amazon SES by an SNS topic: JSON in JSON, the raw mail in ``content`` (a receipt rule with the action SNS).

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html. The secret is a user and a
password in the subscription's address. A rule with the action S3 holds no mail to be read here. SNS tries again at 5xx
and gives up at 4xx.
"""

from __future__ import annotations

import binascii
import json
import logging
from base64 import b64decode
from typing import Any

from django.http import HttpRequest

from postbox.ingest.inbound.postmark import body_of
from postbox.ingest.inbound.provider import (
    Delivered,
    Provider,
    Secrets,
    Unusable,
    recipients,
    sender,
    text,
    validate,
)

log = logging.getLogger(__name__)


def verify(request: HttpRequest, secrets: Secrets) -> None:
    """Basic authentication; anymail's view for SES would load boto3, and checks nothing more that is secret."""
    from anymail.webhooks.base import AnymailBaseWebhookView

    class Sns(AnymailBaseWebhookView):  # type: ignore[misc]
        esp_name = "Amazon SES"

    validate(lambda: Sns(webhook_secret=secrets["secret"]), request)


def read(request: HttpRequest) -> Delivered | None:
    """The mail in the notification; None for what SNS says about the subscription itself."""
    said = body_of(request)
    kind = text(said.get("Type"))
    if kind != request.headers.get("x-amz-sns-message-type"):
        raise Unusable("The header x-amz-sns-message-type is not what the body says.")
    if kind == "SubscriptionConfirmation":
        log.warning("ses_subscription_waits", extra={"topic": said.get("TopicArn"), "open": said.get("SubscribeURL")})
        return None
    if kind != "Notification":
        return None
    return _mail(_event(said))


def _event(said: dict[str, Any]) -> dict[str, Any]:
    try:
        event = json.loads(text(said.get("Message")))
    except (ValueError, RecursionError) as error:
        raise Unusable("Message holds no JSON.") from error
    if not isinstance(event, dict) or event.get("notificationType") != "Received":
        raise Unusable()
    return event


def _mail(event: dict[str, Any]) -> Delivered:
    mail, receipt = _object(event.get("mail")), _object(event.get("receipt"))
    action = _object(receipt.get("action"))
    content = text(event.get("content"))
    named = receipt.get("recipients")
    if action.get("type") != "SNS" or not content or not text(mail.get("messageId")):
        raise Unusable("The notification holds no mail: the receipt rule's action must be SNS.")
    return Delivered(
        event=mail["messageId"],
        raw=_decoded(content) if action.get("encoding") == "BASE64" else content.encode("utf-8", "replace"),
        mail_from=sender(mail.get("source")),
        rcpt_to=recipients(named if isinstance(named, list) else []),
    )


def _object(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


def _decoded(content: str) -> bytes:
    try:
        return b64decode(content)
    except (binascii.Error, ValueError) as error:
        raise Unusable("content is not base64.") from error


PROVIDER = Provider(verify, read)
