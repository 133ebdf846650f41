"""SparkPost's relay webhooks: a JSON list, raw mail in ``email_rfc822`` of each ``relay_message``.

https://developers.sparkpost.com/api/relay-webhooks/. The secret is a user and a password in the webhook's address. One
request may hold many mails. SparkPost gives none an id, so its octets, recipient and sender are it.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from postbox.api.errors import ApiError
from postbox.ingest.inbound.provider import (
    Delivered,
    Provider,
    Secrets,
    Unusable,
    basic_auth,
    digest,
    each,
    json_of,
    recipients,
    sender,
    text,
    unbase64,
)


def verify(request: HttpRequest, secrets: Secrets) -> None:
    """Basic authentication."""
    basic_auth(request, secrets)


def read(request: HttpRequest, secrets: Secrets) -> list[Delivered | ApiError]:
    """The mails in the list; what is empty is SparkPost's test of the address."""
    said = json_of(request)
    return each([one for one in said if one != {"msys": {}}] if isinstance(said, list) else said, _mail)


def _mail(entry: dict[str, Any]) -> Delivered:
    relayed = _object(_object(entry.get("msys")).get("relay_message"))
    content = _object(relayed.get("content"))
    given = text(content.get("email_rfc822"))
    if relayed.get("protocol") not in {None, "smtp"} or not given:
        raise Unusable()
    raw = unbase64(given) if content.get("email_rfc822_is_base64") else given.encode("utf-8", "replace")
    return Delivered(
        event=digest(raw, text(relayed.get("rcpt_to")), text(relayed.get("msg_from"))),
        raw=raw,
        mail_from=sender(relayed.get("msg_from")),
        rcpt_to=recipients([relayed.get("rcpt_to")]),
    )


def _object(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


PROVIDER = Provider(verify, read)
