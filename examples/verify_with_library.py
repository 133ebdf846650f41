"""Verify a webhook of Postbox with the Standard Webhooks library: pip install standardwebhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from standardwebhooks import Webhook


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The event that a post holds. Raises standardwebhooks.WebhookVerificationError."""
    event: dict[str, Any] = Webhook(secret).verify(body, dict(headers))
    return event
