"""Postmark's inbound webhook: JSON, the raw mail in ``RawEmail`` where that is switched on.

https://postmarkapp.com/developer/webhooks/inbound-webhook; it stops trying at 403. The secret is a user and a password
in the webhook's address.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Any

from django.http import HttpRequest

from postbox.ingest import compose
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

# Postmark takes these out of the headers and gives them as fields of their own.
_FIELDS = {"Subject": "Subject", "Date": "Date", "ReplyTo": "Reply-To"}
_PEOPLE = {"FromFull": "From", "ToFull": "To", "CcFull": "Cc"}


def verify(request: HttpRequest, secrets: Secrets) -> None:
    """Basic authentication."""
    from anymail.webhooks.postmark import PostmarkInboundWebhookView

    validate(lambda: PostmarkInboundWebhookView(webhook_secret=secrets["secret"]), request)


def read(request: HttpRequest, secrets: Secrets) -> list[Delivered]:
    """The mail in the JSON."""
    said = body_of(request)
    if text(said.get("RecordType")) not in {"", "Inbound"} or not text(said.get("MessageID")):
        raise Unusable()
    headers = _headers(said.get("Headers"))
    # The return path stands first; anywhere else it is the sender's own word.
    path = headers.pop(0)[1] if headers and headers[0][0].lower() == "return-path" else _address(said.get("FromFull"))
    raw = text(said.get("RawEmail"))
    everybody = [_address(one) for name in ("ToFull", "CcFull", "BccFull") for one in _list(said.get(name))]
    mail = Delivered(
        event=said["MessageID"],
        raw=raw.encode("utf-8", "replace") if raw else compose.raw_from(_parsed(said, headers)),
        mail_from=sender(path),
        rcpt_to=recipients([given] if (given := said.get("OriginalRecipient")) else everybody),
    )
    return [mail]


def _parsed(said: dict[str, Any], pairs: list[tuple[str, str]]) -> dict[str, Any]:
    headers: dict[str, list[str]] = {}
    for field, name in _PEOPLE.items():
        if people := [_person(one) for one in _list(said.get(field)) if _address(one)]:
            headers[name] = [", ".join(people)]
    for field, name in _FIELDS.items():
        if value := text(said.get(field)):
            headers[name] = [value]
    own = {name.lower() for name in headers}
    for name, value in pairs:
        if name.lower() not in own:
            headers.setdefault(name, []).append(value)
    return {
        "headers": headers,
        "text": text(said.get("TextBody")),
        "html": text(said.get("HtmlBody")),
        "attachments": [_file(one) for one in _list(said.get("Attachments")) if isinstance(one, dict)],
    }


def _headers(given: Any) -> list[tuple[str, str]]:
    return [(text(one.get("Name")), text(one.get("Value"))) for one in _list(given) if isinstance(one, dict)]


def _list(given: Any) -> list[Any]:
    """``FromFull`` is one object, the others are lists."""
    return given if isinstance(given, list) else [given] if isinstance(given, dict) else []


def _address(one: Any) -> str:
    return text(one.get("Email")) if isinstance(one, dict) else ""


def _person(one: dict[str, Any]) -> str:
    name = text(one.get("Name")).replace("\\", "").replace('"', "'")
    return f'"{name}" <{_address(one)}>' if name else _address(one)


def _file(one: dict[str, Any]) -> dict[str, Any]:
    try:  # a test from the dashboard names the content otherwise
        content = b64decode(text(one.get("Content")) or text(one.get("Data")))
    except (binascii.Error, ValueError):
        content = b""
    return {"name": text(one.get("Name")), "type": text(one.get("ContentType")), "content": content}


PROVIDER = Provider(verify, read, give_up=403)
