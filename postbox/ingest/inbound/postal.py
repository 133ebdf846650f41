"""Postal's HTTP endpoints: JSON, the raw mail in ``message`` (format "raw message", sent as JSON).

https://docs.postalserver.io/developer/http-payloads. The signature (RSA with SHA-1 over the body, in
``X-Postal-Signature``) is checked with the server's public key. Postal tries again at 5xx and has the sender told of
anything else, so a secret that was set up wrongly is a 503. Its ids begin anew with each installation, so the mail's
octets count too.
"""

from __future__ import annotations

from django.http import HttpRequest

from postbox.ingest.inbound.provider import (
    Delivered,
    Provider,
    Secrets,
    Unusable,
    body_of,
    digest,
    recipients,
    sender,
    text,
    unbase64,
    validate,
)


def verify(request: HttpRequest, secrets: Secrets) -> None:
    """The signature over the body."""
    from anymail.webhooks.postal import PostalInboundWebhookView

    validate(lambda: PostalInboundWebhookView(webhook_key=secrets["key"], webhook_secret=[]), request)


def read(request: HttpRequest, secrets: Secrets) -> list[Delivered]:
    """The mail in the JSON."""
    said = body_of(request)
    given = text(said.get("message"))
    if not given:
        raise Unusable('The request holds no mail: the endpoint\'s format must be "raw message".')
    raw = unbase64(given) if said.get("base64") is True else given.encode("utf-8", "replace")
    mail = Delivered(
        event=digest(str(said.get("id")), raw, text(said.get("rcpt_to"))),
        raw=raw,
        mail_from=sender(said.get("mail_from")),
        rcpt_to=recipients([said.get("rcpt_to")]),
    )
    return [mail]


# After 429 it gives a mail up and tells nobody (postal, http_sender.rb).
PROVIDER = Provider(verify, read, unverified=503, too_soon=503)
