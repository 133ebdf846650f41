"""MailerSend's inbound routes: JSON, the raw mail in ``data.raw``.

https://developers.mailersend.com/api/v1/inbound.html (the payload) and .../webhooks.html (the signature: hex
HMAC-SHA256 of the body with the route's secret, in ``Signature``).
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from postbox.ingest.inbound.provider import (
    Delivered,
    Provider,
    Secrets,
    Unusable,
    body_of,
    recipients,
    sender,
    text,
    validate,
)


def verify(request: HttpRequest, secrets: Secrets) -> None:
    """The signature over the body."""
    from anymail.webhooks.mailersend import MailerSendInboundWebhookView

    validate(lambda: MailerSendInboundWebhookView(inbound_secret=secrets["key"], webhook_secret=[]), request)


def read(request: HttpRequest, secrets: Secrets) -> list[Delivered]:
    """The mail in the JSON, for all the envelope recipients that it names."""
    said = body_of(request)
    mail = _object(said.get("data"))
    if said.get("type") != "inbound.message" or not text(mail.get("id")) or not text(mail.get("raw")):
        raise Unusable()
    to = _object(mail.get("recipients")).get("rcptTo")
    people = to if isinstance(to, list) else []
    delivered = Delivered(
        event=mail["id"],
        raw=mail["raw"].encode("utf-8", "replace"),
        mail_from=sender(_object(mail.get("sender")).get("email")),
        rcpt_to=recipients([_object(person).get("email") for person in people]),
    )
    return [delivered]


def _object(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


PROVIDER = Provider(verify, read)
