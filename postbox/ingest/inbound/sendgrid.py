"""SendGrid's Inbound Parse: a form, the raw mail in ``email`` where "send raw" is on.

https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook and, for the
signature, .../securing-your-parse-webhooks. It tries again for three days at 5xx and gives up at 4xx.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpRequest

from postbox.ingest import compose
from postbox.ingest.charsets import decode_charset
from postbox.ingest.envelope import is_client
from postbox.ingest.inbound.forms import Form, headers_in, prepare
from postbox.ingest.inbound.mailgun import check_fresh
from postbox.ingest.inbound.provider import Delivered, Provider, Secrets, Unusable, recipients, sender, text, validate

FRESH_SECONDS = 73 * 3600


def verify(request: HttpRequest, secrets: Secrets) -> None:
    """The ECDSA signature where its key is set, else basic authentication."""
    prepare(request)
    validate(lambda: _view(secrets), request)
    if secrets.get("key"):
        check_fresh(request.headers.get("X-Twilio-Email-Event-Webhook-Timestamp", ""), FRESH_SECONDS)


def _view(secrets: Secrets) -> Any:
    from anymail.webhooks import sendgrid

    if not secrets.get("key"):
        return sendgrid.SendGridInboundWebhookView(webhook_secret=secrets["secret"])

    class Signed(sendgrid.SendGridBaseWebhookView):  # type: ignore[misc]
        esp_name = "SendGrid"
        key_setting_name = "inbound_webhook_verification_key"

    return Signed(inbound_webhook_verification_key=secrets["key"], webhook_secret=secrets.get("secret") or [])


def read(request: HttpRequest, secrets: Secrets) -> list[Delivered]:
    """The mail in the form. It has no id of its own, so the octets of the request are it."""
    form = Form(request)
    envelope = form.json("envelope")
    if not isinstance(envelope, dict) or not isinstance(envelope.get("to"), list):
        raise Unusable("The field envelope is not what is documented.")
    if "email" not in form and "headers" not in form:
        raise Unusable()
    mail = Delivered(
        event=hashlib.sha256(request.body).hexdigest(),
        raw=form.octets("email") if "email" in form else _composed(form),
        mail_from=sender(envelope.get("from")),
        rcpt_to=recipients(envelope["to"]),
        client_ip=client if is_client(client := form.text("sender_ip")) else "",
    )
    return [mail]


def _composed(form: Form) -> bytes:
    charsets = form.json("charsets") if "charsets" in form else {}
    declared = charsets if isinstance(charsets, dict) else {}
    bodies = {
        name: decode_charset(form.octets(name), text(declared.get(name)) or "utf-8")[0] for name in ("text", "html")
    }
    return compose.raw_from({"headers": headers_in(form.text("headers")), **bodies, "attachments": form.attachments()})


# It drops a mail after any 4xx (Understanding Inbound Parse Webhook Retry Logic).
PROVIDER = Provider(verify, read, too_soon=503)
