"""The return path of a sent mail (VERP), so that a bounce says by its own address which mail it answers.

Decides the form ``bounces+<id>.<mark>@domain``; the mark is a keyed hash, so that nobody makes up bounces of mails that
he never got. It never decides what a bounce means.
"""

from __future__ import annotations

import hmac
import re
import uuid

from django.conf import settings

LOCAL_PART = "bounces"
_MARK = 16  # hex digits: 64 bits
_RETURN = re.compile(rf"{LOCAL_PART}\+([0-9a-f]{{32}})\.([0-9a-f]{{{_MARK}}})@[^@\s]+")


def return_path(message_id: uuid.UUID, address: str) -> str:
    """Where bounces of this mail from ``address`` go: an address at the same domain."""
    return f"{LOCAL_PART}+{message_id.hex}.{_mark(message_id)}@{address.rpartition('@')[2]}"


def message_of(address: str) -> uuid.UUID | None:
    """The message whose return path this is; None where it is none, or its mark is wrong. No query."""
    found = _RETURN.fullmatch(address.strip().strip("<>").lower())
    if not found:
        return None
    message_id = uuid.UUID(hex=found[1])
    return message_id if hmac.compare_digest(found[2], _mark(message_id)) else None


def _mark(message_id: uuid.UUID) -> str:
    key = settings.POSTBOX_MASTER_KEYS.derive("return-path")
    return hmac.digest(key, message_id.bytes, "sha256").hex()[:_MARK]
