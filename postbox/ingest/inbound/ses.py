"""Amazon SES by an SNS topic: JSON in JSON, the raw mail in ``content`` (action SNS) or in a bucket (action S3).

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html. Whoever posts must know the user
and the password in the subscription's address, and SNS must have signed. SNS tries again at 5xx and gives up at 4xx.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest

from postbox.ingest.inbound import ses_bucket, sns
from postbox.ingest.inbound.provider import (
    Delivered,
    Provider,
    Secrets,
    Unusable,
    Unverified,
    basic_auth,
    body_of,
    recipients,
    sender,
    text,
    unbase64,
)

log = logging.getLogger(__name__)


def verify(request: HttpRequest, secrets: Secrets) -> None:
    """Basic authentication, so that no stranger has us ask SNS for anything; then the signature, and the topic."""
    basic_auth(request, secrets)
    said = body_of(request)
    if secrets.get("topics") and said.get("TopicArn") not in secrets["topics"]:
        raise Unverified("another topic")
    sns.sns.check(said)


def read(request: HttpRequest, secrets: Secrets) -> Sequence[Delivered]:
    """The mail in the notification; none for what SNS says about the subscription itself."""
    said = body_of(request)
    kind = text(said.get("Type"))
    if kind != request.headers.get("x-amz-sns-message-type"):
        raise Unusable("The header x-amz-sns-message-type is not what the body says.")
    if kind == "SubscriptionConfirmation":
        subscribe(said, secrets)
    return [_mail(_event(said), secrets)] if kind == "Notification" else []


def subscribe(said: dict[str, Any], secrets: Secrets) -> None:
    """Confirm a verified subscription to a topic that is set; any other waits for a person."""
    if said.get("TopicArn") in secrets.get("topics", ()):
        sns.sns.confirm(said)
    else:
        log.warning("ses_subscription_waits", extra={"topic": said.get("TopicArn"), "open": said.get("SubscribeURL")})


def _event(said: dict[str, Any]) -> dict[str, Any]:
    try:
        event = json.loads(text(said.get("Message")))
    except (ValueError, RecursionError) as error:
        raise Unusable("Message holds no JSON.") from error
    if not isinstance(event, dict) or event.get("notificationType") != "Received":
        raise Unusable()
    return event


def _mail(event: dict[str, Any], secrets: Secrets) -> Delivered:
    mail, receipt = _object(event.get("mail")), _object(event.get("receipt"))
    named = receipt.get("recipients")
    if not text(mail.get("messageId")):
        raise Unusable()
    return Delivered(
        event=mail["messageId"],
        raw=_raw(event, _object(receipt.get("action")), secrets),
        mail_from=sender(mail.get("source")),
        rcpt_to=recipients(named if isinstance(named, list) else []),
    )


def _raw(event: dict[str, Any], action: dict[str, Any], secrets: Secrets) -> bytes:
    content = text(event.get("content"))
    if action.get("type") == "S3":
        return ses_bucket.fetch(secrets.get("bucket"), text(action.get("bucketName")), text(action.get("objectKey")))
    if action.get("type") != "SNS" or not content:
        raise Unusable("The notification holds no mail: the receipt rule's action must be SNS or S3.")
    return unbase64(content) if action.get("encoding") == "BASE64" else content.encode("utf-8", "replace")


def _object(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


PROVIDER = Provider(verify, read)
