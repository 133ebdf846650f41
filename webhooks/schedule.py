"""When to try again.

Decides the times of ten attempts over 75 h 35 min (the schedule that the Standard Webhooks specification recommends),
their jitter, what Retry-After may ask for, and how long an endpoint as a whole is left alone.
"""

from __future__ import annotations

import email.utils
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

# The wait before each attempt after the first; a delivery that fails MAX_ATTEMPTS times is a dead letter.
DELAYS = [
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
]
MAX_ATTEMPTS = len(DELAYS) + 1
JITTER = 0.2
LONGEST_RETRY_AFTER = timedelta(hours=24)
# An endpoint that has failed so often in a row is left alone for a while, so that it spends few slots.
PAUSE_FROM = 3
_PAUSE_FIRST = timedelta(seconds=5)
_PAUSE_MOST = timedelta(minutes=5)
_DIGITS = 9

Random = Callable[[], float]


def delay(attempts: int, random: Random) -> timedelta | None:
    """The wait after so many attempts, ±20 %; None when that was the last. ``random`` gives 0 to 1."""
    if attempts >= MAX_ATTEMPTS:
        return None
    jitter: float = 1 + JITTER * (2 * random() - 1)
    return DELAYS[max(attempts, 1) - 1] * jitter


def retry_after(value: str, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for, in seconds or as an HTTP date (RFC 9110, section 10.2.3), at most 24 h."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        seconds = int(value) if len(value) <= _DIGITS else int(LONGEST_RETRY_AFTER.total_seconds())
        return min(timedelta(seconds=seconds), LONGEST_RETRY_AFTER)
    try:
        at = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at - now, timedelta()), LONGEST_RETRY_AFTER)


def pause(consecutive_failures: int) -> timedelta:
    """How long to leave an endpoint alone after so many failures in a row."""
    if consecutive_failures < PAUSE_FROM:
        return timedelta()
    doubled: int = 2 ** min(consecutive_failures - PAUSE_FROM, 10)
    return min(_PAUSE_FIRST * doubled, _PAUSE_MOST)
