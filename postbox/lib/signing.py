"""Signatures of webhooks: Standard Webhooks (standardwebhooks.com, specification 1.0) and the plain hex one.

Decides what is under the MAC: the timestamp always, and the body as the very bytes that are sent. It never parses or
re-encodes a body, and never decides which secrets are live. Both signatures are keyed by the secret's octets, that is
the base64 after ``whsec_`` decoded; the hex one can hold a single signature, so it is made with the newest secret.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Sequence

PREFIX = "whsec_"
_SECRET_BYTES = 32
_LEAST_BYTES, _MOST_BYTES = 24, 64
_VERSION = "v1,"
TOLERANCE_SECONDS = 300


def new_secret() -> str:
    """A random secret as it is shown once: ``whsec_`` and base64 of 256 bits."""
    return PREFIX + base64.b64encode(os.urandom(_SECRET_BYTES)).decode()


def secret_octets(secret: str) -> bytes:
    """The octets that key both MACs. Raises ValueError unless it is base64 of 24 to 64 octets (the specification)."""
    try:
        octets = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook secret is base64 after whsec_") from error
    if not _LEAST_BYTES <= len(octets) <= _MOST_BYTES:
        raise ValueError(f"a webhook secret has {_LEAST_BYTES} to {_MOST_BYTES} octets, this one has {len(octets)}")
    return octets


def standard_signature(secrets: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The ``webhook-signature`` header: ``v1,`` base64 HMAC-SHA256 of ``id.timestamp.body``, one a secret."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(_VERSION + _base64(hmac.digest(secret, signed, "sha256")) for secret in secrets)


def hex_signature(secret: bytes, timestamp: int, body: bytes) -> str:
    """The ``x-agentpack-signature`` header: hex HMAC-SHA256 of ``timestamp.body``."""
    return hmac.digest(secret, b"%d." % timestamp + body, "sha256").hex()


def headers(secrets: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Every header of a signed webhook; ``secrets`` newest first, ``timestamp`` in Unix seconds."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": standard_signature(secrets, message_id, timestamp, body),
        "x-agentpack-webhook-timestamp": str(timestamp),
        "x-agentpack-signature": hex_signature(secrets[0], timestamp, body),
    }


def verify_standard(
    secret: bytes, message_id: str, timestamp: str, signatures: str, body: bytes, *, now: float
) -> bool:
    """Whether one of ``signatures`` fits and ``timestamp`` is within five minutes of ``now``. Constant-time compare."""
    sent = _seconds(timestamp)
    if sent is None or abs(now - sent) > TOLERANCE_SECONDS:
        return False
    expected = standard_signature([secret], message_id, sent, body).encode()
    given = signatures.encode("utf-8", "replace").split()
    # No early end: how long it takes must not tell which one fitted.
    return sum(hmac.compare_digest(expected, item) for item in given) > 0


def verify_hex(secret: bytes, timestamp: str, signature: str, body: bytes, *, now: float) -> bool:
    """Whether the hex signature fits and ``timestamp`` is within five minutes of ``now``. Constant-time compare."""
    sent = _seconds(timestamp)
    if sent is None or abs(now - sent) > TOLERANCE_SECONDS:
        return False
    expected = hex_signature(secret, sent, body).encode()
    return hmac.compare_digest(expected, signature.encode("utf-8", "replace"))


def _seconds(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
