"""The addresses that one sent mail has for itself: its return path (VERP), so that a bounce says by its own address
which mail it answers, and the address to unsubscribe at.

Decides the form ``<purpose>+<id>.<mark>@domain``; the mark is a keyed hash, so that nobody makes up answers to mails
that he never got. It never decides what an answer means.
"""

from __future__ import annotations

import hmac
import re
import uuid
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings


class Purpose(StrEnum):
    """What is written there for: the local part before the tag."""

    BOUNCE = "bounces"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Answered:
    """The message that an address belongs to, and what for."""

    message_id: uuid.UUID
    purpose: Purpose


_MARK = 16  # hex digits: 64 bits
_TOKEN = re.compile(rf"([0-9a-f]{{32}})\.([0-9a-f]{{{_MARK}}})")
_ADDRESS = re.compile(rf"({'|'.join(Purpose)})\+([0-9a-f.]{{{33 + _MARK}}})@[^@\s]+")
_KEYS = {Purpose.BOUNCE: "return-path", Purpose.UNSUBSCRIBE: "unsubscribe"}


def return_path(message_id: uuid.UUID, address: str) -> str:
    """Where bounces of this mail from ``address`` go: an address at the same domain."""
    return _address(Purpose.BOUNCE, message_id, address)


def unsubscribe_address(message_id: uuid.UUID, address: str) -> str:
    """Where who got this mail from ``address`` writes to get no more."""
    return _address(Purpose.UNSUBSCRIBE, message_id, address)


def unsubscribe_token(message_id: uuid.UUID) -> str:
    """The same for a URL: ``<id>.<mark>``."""
    return _token(Purpose.UNSUBSCRIBE, message_id)


def message_to_unsubscribe(token: str) -> uuid.UUID | None:
    """The message whose token this is; None where it is none, or its mark is wrong. No query."""
    return _checked(Purpose.UNSUBSCRIBE, token)


def answered(address: str) -> Answered | None:
    """Which message has this address for itself; None where none has, or the mark is wrong. No query."""
    found = _ADDRESS.fullmatch(address.strip().strip("<>").lower())
    if not found:
        return None
    purpose = Purpose(found[1])
    message_id = _checked(purpose, found[2])
    return Answered(message_id, purpose) if message_id else None


def message_of(address: str) -> uuid.UUID | None:
    """The message whose return path this is."""
    found = answered(address)
    return found.message_id if found and found.purpose is Purpose.BOUNCE else None


def _address(purpose: Purpose, message_id: uuid.UUID, address: str) -> str:
    return f"{purpose}+{_token(purpose, message_id)}@{address.rpartition('@')[2]}"


def _token(purpose: Purpose, message_id: uuid.UUID) -> str:
    return f"{message_id.hex}.{_mark(purpose, message_id)}"


def _checked(purpose: Purpose, token: str) -> uuid.UUID | None:
    found = _TOKEN.fullmatch(token)
    if not found:
        return None
    message_id = uuid.UUID(hex=found[1])
    return message_id if hmac.compare_digest(found[2], _mark(purpose, message_id)) else None


def _mark(purpose: Purpose, message_id: uuid.UUID) -> str:
    key = settings.POSTBOX_MASTER_KEYS.derive(_KEYS[purpose])
    return hmac.digest(key, message_id.bytes, "sha256").hex()[:_MARK]
