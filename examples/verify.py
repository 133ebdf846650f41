"""Verify a webhook of Postbox in Python: standard library only.

    event = verify(secret, request.headers, request.body)   # InvalidWebhook: answer 401

``headers``: its ``get`` finds names in lower case. ``body``: the octets as they came, before any parser.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

TOLERANCE_SECONDS = 300


class InvalidWebhook(Exception):
    """This post is not from Postbox, was changed on its way, or is an old one sent again by somebody else."""


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float | None = None) -> dict[str, Any]:
    """The event that a post holds. Raises InvalidWebhook unless one of its signatures is ours and fresh."""
    event_id = headers.get("webhook-id") or ""
    timestamp = headers.get("webhook-timestamp") or ""
    signatures = headers.get("webhook-signature") or ""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise InvalidWebhook("no timestamp")
    if abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE_SECONDS:
        raise InvalidWebhook("too old, or from the future: is this machine's clock right?")
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    if not key:  # anybody can sign with an empty one
        raise ValueError("the secret is empty")
    signed = f"{event_id}.{timestamp}.".encode(errors="replace") + body
    expected = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    # One for each live secret: after a rotation there are two for a while.
    if not any(hmac.compare_digest(expected, given.encode(errors="replace")) for given in signatures.split()):
        raise InvalidWebhook("no signature is ours: is this the endpoint's secret?")
    event: dict[str, Any] = json.loads(body)
    return event
