"""What one try of a delivery came to, and what follows from it.

Decides delivered, again (and when) or dead, and what the try says about its endpoint. Pure: time and chance are given.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from webhooks import schedule
from webhooks.claim import Claimed
from webhooks.models import DeliveryState, DisabledReason

# An answer that takes longer than this puts its endpoint among the slow ones.
SLOW_AFTER = 2.0
# These speak for the whole endpoint, not for one delivery; 503 does when it says how long.
_SLOWING = frozenset({429, 502, 504})
_UNAVAILABLE = 503
_GONE = 410


class Failure(StrEnum):
    """Why a delivery failed, beside what postbox.lib.egress.Trouble names."""

    STATUS = "http_status"
    REDIRECT = "redirect"
    KEY_ERASED = "key_erased"
    SEAL_BROKEN = "seal_broken"
    SECRETS_ERASED = "secrets_erased"
    INTERNAL = "internal"
    ENDPOINT_DISABLED = "endpoint_disabled"
    ENDPOINT_DELETED = "endpoint_deleted"


_OURS = frozenset({Failure.KEY_ERASED, Failure.SEAL_BROKEN, Failure.SECRETS_ERASED, Failure.INTERNAL})


@dataclass(frozen=True, slots=True)
class Tried:
    """One try as it went: ``status`` 0 when no answer came, and then ``error`` says why."""

    claimed: Claimed
    at: datetime
    seconds: float
    status: int = 0
    error: str = ""
    retry_after: str = ""
    response: bytes = b""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be written about a try. ``pause`` and ``disable`` are for its endpoint."""

    tried: Tried
    state: DeliveryState
    not_before: datetime
    error: str
    slow: bool
    pause: timedelta = timedelta()
    disable: DisabledReason | None = None

    @property
    def endpoint_id(self) -> uuid.UUID:
        return self.tried.claimed.endpoint_id

    @property
    def is_final(self) -> bool:
        return self.state != DeliveryState.PENDING

    @property
    def speaks_of_endpoint(self) -> bool:
        """Whether the endpoint had a part in it: what could not even be opened says nothing of it."""
        return self.error not in _OURS

    @property
    def delivered(self) -> bool:
        return self.state == DeliveryState.DELIVERED


def judge(tried: Tried, now: datetime, random: schedule.Random) -> Outcome:
    """What follows from a try. 2xx delivers, 410 disables the endpoint, all else is tried again until it is dead."""
    slow = tried.seconds > SLOW_AFTER
    if 200 <= tried.status < 300:
        return Outcome(tried, DeliveryState.DELIVERED, now, "", slow)
    error = tried.error or (Failure.REDIRECT if 300 <= tried.status < 400 else Failure.STATUS).value
    if tried.status == _GONE:
        return Outcome(tried, DeliveryState.DEAD, now, error, slow=True, disable=DisabledReason.GONE)
    asked = schedule.retry_after(tried.retry_after, now) if tried.retry_after else None
    pause = _pause(tried.status, asked)
    delay = schedule.delay(tried.claimed.attempts, random)
    if delay is None:
        return Outcome(tried, DeliveryState.DEAD, now, error, slow=True, pause=pause)
    return Outcome(tried, DeliveryState.PENDING, now + max(delay, asked or delay), error, slow=True, pause=pause)


def undeliverable(claimed: Claimed, failure: Failure, now: datetime) -> Outcome:
    """The end of a delivery that no try could deliver; it says nothing about the endpoint."""
    return Outcome(Tried(claimed, now, 0.0, error=failure.value), DeliveryState.DEAD, now, failure.value, slow=False)


def _pause(status: int, asked: timedelta | None) -> timedelta:
    if status in _SLOWING:
        return asked if asked is not None else schedule.pause(schedule.PAUSE_FROM)
    return asked if status == _UNAVAILABLE and asked is not None else timedelta()
