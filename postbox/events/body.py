"""The JSON of an event as consumers and webhooks see it: ``{"type", "id", "timestamp", "data"}``."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from postbox.lib.compact import compact


def public_id(event_id: uuid.UUID) -> str:
    """The event's id in payloads and in the ``webhook-id`` header: ``evt_`` and 32 hex digits."""
    return f"evt_{event_id.hex}"


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def render(
    event_id: uuid.UUID, kind: str, at: datetime, data: dict[str, Any], written: Mapping[str, bytes] | None = None
) -> bytes:
    """The event's body: compact UTF-8 JSON, the bytes that are sealed once and sent at every attempt.

    ``written`` are further members of ``data`` that are JSON already.
    """
    head = {"type": kind, "id": public_id(event_id), "timestamp": timestamp(at)}
    return compact(head, {"data": compact(data, written)})
