"""Mailgun's routes with ``forward()``: a form, the raw mail in ``body-mime`` where the address ends in ``mime``.

https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http; it stops trying at 406.
The signature is over a time and a token, not over the mail, so a token counts once: whoever overheard one cannot
send another mail with it.
"""

from __future__ import annotations

from django.http import HttpRequest

from postbox.ingest import compose
from postbox.ingest.inbound.forms import Form, headers_of, prepare
from postbox.ingest.inbound.provider import (
    Delivered,
    Provider,
    Secrets,
    Unusable,
    Unverified,
    recipients,
    sender,
    validate,
)
from postbox.lib import clock

# It tries for eight hours after an outage of ours, and nowhere says that it signs anew each time.
FRESH_SECONDS = 9 * 3600
_AHEAD_SECONDS = 300


def verify(request: HttpRequest, secrets: Secrets) -> None:
    """HMAC-SHA256 over time and token."""
    from anymail.webhooks.mailgun import MailgunInboundWebhookView

    prepare(request)
    key = secrets["key"]
    validate(lambda: MailgunInboundWebhookView(webhook_signing_key=key, webhook_secret=[]), request)
    check_fresh(request.POST.get("timestamp", ""), FRESH_SECONDS)


def check_fresh(timestamp: str, seconds: int) -> None:
    """Raise Unverified unless this time (seconds since 1970) is about now."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 12):
        raise Unverified("no time")
    age = clock.now().timestamp() - int(timestamp)
    if not -_AHEAD_SECONDS <= age <= seconds:
        raise Unverified("stale")


def read(request: HttpRequest, secrets: Secrets) -> list[Delivered]:
    """The mail in the form."""
    form = Form(request)
    if form.text("event") not in {"", "inbound"}:
        raise Unusable()
    if "attachments" in form:
        raise Unusable("This comes from a route with store(); use forward().")
    mail = Delivered(
        event=form.text("token"),
        raw=form.octets("body-mime") if "body-mime" in form else _composed(form),
        mail_from=sender(form.text("sender")),
        rcpt_to=recipients(form.text("recipient").split(",")),
    )
    return [mail]


def _composed(form: Form) -> bytes:
    headers = headers_of(form.json("message-headers"))
    parsed = {"headers": headers, "text": form.text("body-plain"), "html": form.text("body-html")}
    return compose.raw_from(parsed | {"attachments": form.attachments()})


PROVIDER = Provider(verify, read, give_up=406)
