"""Mailjet's Parse API: JSON, never the raw mail.

https://dev.mailjet.com/email/guides/parse-api/. The secret is a user and a password in the webhook's address. The mail
is put together again from its fields. Mailjet gives it no id, so the octets of the request are it.
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
    basic_auth,
    body_of,
    digest,
    recipients,
    sender,
    text,
)
from postbox.ingest.parameters import parameter_text, parameters

_FILES = 500
_HEADER = 2048


def verify(request: HttpRequest, secrets: Secrets) -> None:
    """Basic authentication."""
    basic_auth(request, secrets)


def read(request: HttpRequest, secrets: Secrets) -> list[Delivered]:
    """The mail in the JSON."""
    said = body_of(request)
    headers = _headers(said.get("Headers"))
    if not headers:
        raise Unusable()
    parsed = {"headers": headers, "text": text(said.get("Text-part")), "html": text(said.get("Html-part"))}
    mail = Delivered(
        event=digest(request.body),
        raw=compose.raw_from(parsed | {"attachments": _files(said)}),
        mail_from=sender(said.get("Sender")),
        rcpt_to=recipients([said.get("Recipient")]),
    )
    return [mail]


def _headers(given: Any) -> dict[str, list[str]]:
    """A value is a text, or a list of them where the header comes more than once."""
    pairs = given.items() if isinstance(given, dict) else []
    found = {name: [value] if isinstance(value, str) else value for name, value in pairs}
    return {
        name: [value for value in values if isinstance(value, str)]
        for name, values in found.items()
        if isinstance(values, list)
    }


def _files(said: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts whose content stands in ``Attachment1``, ``InlineAttachment1`` and so on, always as base64."""
    parts = said.get("Parts")
    known = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return [_file(part, said) for part in known if "Attachment" in text(part.get("ContentRef"))][:_FILES]


def _file(part: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    headers = {name.lower(): values for name, values in _headers(part.get("Headers")).items()}
    kind, placed = (_first(headers, name) for name in ("content-type", "content-disposition"))
    name = parameters(placed).get("filename") or parameters(kind).get("name") or ""
    try:
        content = b64decode(text(said.get(part["ContentRef"])))
    except (binascii.Error, ValueError):
        content = b""
    return {"name": parameter_text(name), "type": kind.partition(";")[0].strip(), "content": content}


def _first(headers: dict[str, list[str]], name: str) -> str:
    """As ``parameters`` takes it: octets as Latin-1."""
    return next(iter(headers.get(name, [])), "")[:_HEADER].encode("utf-8", "replace").decode("latin-1")


PROVIDER = Provider(verify, read)
