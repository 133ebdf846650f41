"""Time-ordered ids as a range of time: no index on a time is needed where rows are kept by their UUIDv7."""

from __future__ import annotations

import uuid
from datetime import datetime


def first_id(at: datetime) -> uuid.UUID:
    """The least UUIDv7 (RFC 9562, section 5.7) that can be made at this time."""
    return uuid.UUID(int=(int(at.timestamp() * 1000) << 80) | (0x7 << 76) | (0b10 << 62))


def as_uuid(text: str) -> uuid.UUID | None:
    """The UUID that a text is, in any of its spellings, or None."""
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        return None
