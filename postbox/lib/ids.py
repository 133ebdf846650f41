"""Identifiers: UUIDv7 (RFC 9562, section 5.7) and the random tokens of keys and secrets.

Decides how ids are made; never what they name.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta

_lock = threading.Lock()
_last_ms = 0
_counter = 0
_COUNTER_BITS = 12


def uuid7() -> uuid.UUID:
    """A time-ordered UUID, strictly increasing within this process.

    48 bits of Unix milliseconds, then a 12-bit counter in ``rand_a`` (RFC 9562, section 6.2, method 1) and 62
    random bits. When the counter runs over within a millisecond the next millisecond is borrowed.
    """
    global _last_ms, _counter
    with _lock:
        now_ms = time.time_ns() // 1_000_000
        if now_ms > _last_ms:
            _last_ms, _counter = now_ms, int.from_bytes(os.urandom(1), "big")
        else:
            _counter += 1
            if _counter >> _COUNTER_BITS:
                _last_ms, _counter = _last_ms + 1, 0
        ms, counter = _last_ms, _counter
    tail = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    return uuid.UUID(int=(ms << 80) | (0x7 << 76) | (counter << 64) | (0b10 << 62) | tail)


def first_uuid7(age: timedelta) -> uuid.UUID:
    """The lowest id that ``uuid7`` may have made within so long: a bound for reading rows by their ids."""
    ms = max(0, time.time_ns() // 1_000_000 - int(age.total_seconds() * 1000))
    return uuid.UUID(int=(ms << 80) | (0x7 << 76) | (0b10 << 62))


def made_at(id_: uuid.UUID) -> datetime:
    """When a UUIDv7 was made, to the millisecond."""
    return datetime.fromtimestamp((id_.int >> 80) / 1000, UTC)


def uuid8(digest: bytes) -> uuid.UUID:
    """The first 122 bits of a digest as a UUID of the custom kind (RFC 9562, section 5.8)."""
    bits = int.from_bytes(digest[:16], "big")
    bits = bits & ~(0xF << 76) | (0x8 << 76)
    return uuid.UUID(int=bits & ~(0b11 << 62) | (0b10 << 62))


def token(prefix: str) -> str:
    """A secret for a person or a program to hold: ``prefix`` and 256 random bits in URL-safe text."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"
