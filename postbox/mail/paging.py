"""Page tokens: where the next page of a list begins, in a form that only its own list takes back.

Decides that a token is bound to the agent and to the filters that it was given with (HMAC-SHA256, cut to 128 bits),
so that one cannot be made up, nor carried over to a list in which it would mean another place.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import uuid
from collections.abc import Mapping

from django.utils.crypto import salted_hmac

from postbox.api.errors import ApiError

_SALT = "postbox.mail.paging"
_MAC_BYTES = 16


class BadPageToken(ApiError):
    code = "bad_page_token"
    message = "This page_token does not belong to this list."
    fix = "Send `next_page_token` as it came, with the same filters; leave `page_token` out to begin at the newest."

    def __init__(self) -> None:
        super().__init__(errors=[{"path": "page_token", "message": "Not a token of this list."}])


def token_after(last: uuid.UUID, scope: Mapping[str, str | None]) -> str:
    """A token for what comes after ``last`` in the list that ``scope`` names."""
    return base64.urlsafe_b64encode(last.bytes + _mac(last.bytes, scope)).decode().rstrip("=")


def read_token(token: str, scope: Mapping[str, str | None]) -> uuid.UUID:
    """The id that ``token_after`` was given. Raises BadPageToken for any other list's token."""
    try:
        octets = base64.b64decode(f"{token}{'=' * (-len(token) % 4)}", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadPageToken() from error
    last, mac = octets[:16], octets[16:]
    if not hmac.compare_digest(mac, _mac(last, scope)):
        raise BadPageToken()
    return uuid.UUID(bytes=last)


def _mac(last: bytes, scope: Mapping[str, str | None]) -> bytes:
    said = json.dumps(scope, sort_keys=True)
    return salted_hmac(_SALT, f"{said}|{last.hex()}", algorithm="sha256").digest()[:_MAC_BYTES]
