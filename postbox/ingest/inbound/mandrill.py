"""Mandrill (Mailchimp Transactional): a form whose field ``mandrill_events`` holds JSON, raw mail in ``msg.raw_msg``.

https://mailchimp.com/developer/transactional/docs/inbound-email/ and, for the signature over the webhook's address and
the form, .../docs/webhooks/#authenticating-webhook-requests. One request may hold many mails. Mandrill gives none an
id, so its octets, recipient and time are it.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from postbox.api.errors import ApiError
from postbox.ingest.inbound.forms import Form, prepare
from postbox.ingest.inbound.provider import (
    Delivered,
    Provider,
    Secrets,
    Unusable,
    digest,
    each,
    recipients,
    text,
    validate,
)


def verify(request: HttpRequest, secrets: Secrets) -> None:
    """HMAC-SHA1 over the address as Mandrill was told it, which is the public one, and the form."""
    from anymail.webhooks.mandrill import MandrillCombinedWebhookView

    prepare(request)
    url = f"{settings.POSTBOX_PUBLIC_URL.rstrip('/')}/inbound/mandrill"
    known = {"webhook_key": secrets["key"], "webhook_url": url, "webhook_secret": []}
    validate(lambda: MandrillCombinedWebhookView(**known), request)


def read(request: HttpRequest, secrets: Secrets) -> list[Delivered | ApiError]:
    """The mails in the form; an empty list is Mandrill's test of the address."""
    return each(Form(request).json("mandrill_events"), _mail)


def _mail(event: dict[str, Any]) -> Delivered:
    said = event.get("msg")
    if event.get("event") != "inbound" or not isinstance(said, dict) or not text(said.get("raw_msg")):
        raise Unusable()
    raw = said["raw_msg"].encode("utf-8", "replace")
    return Delivered(
        event=digest(raw, text(said.get("email")), str(event.get("ts"))),
        raw=raw,
        mail_from="",  # it does not tell; `sender` is for outbound mail alone
        rcpt_to=recipients([said.get("email")]),
    )


PROVIDER = Provider(verify, read)
