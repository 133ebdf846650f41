"""Whom a door lets a mail through to, by its rate limits.

Decides what is said of a copy that comes too soon. It is refused for now, never for good: an honest sender comes again.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from postbox.api.errors import ApiError
from postbox.ingest import metrics
from postbox.ingest.limiting import alarm, buckets
from postbox.ingest.limiting.limits import Bucket, Scope, buckets_of
from postbox.lib import clock
from postbox.mail.store import Envelope, Recipient

log = logging.getLogger(__name__)
CODE = "rate_limited"
_OF = {
    Scope.SENDER: "from this sender",
    Scope.RECIPIENT: "to this address",
    Scope.SYSTEM: "to this installation",
}


class RateLimited(ApiError):
    """No recipient of a mail may have it now."""

    status = 429
    code = CODE
    message = "There was too much mail for now; nothing was stored."
    fix = "Send the same mail again after `Retry-After` seconds."

    def __init__(self, limited: Sequence[Limited]) -> None:
        super().__init__(limited[0].message)
        self.retry_after = max(1, min(one.seconds for one in limited))


@dataclass(frozen=True, slots=True)
class Limited:
    """A recipient who gets no more for now; ``seconds`` until it does."""

    rcpt_to: str
    message: str
    seconds: int


def admit(
    envelope: Envelope, recipients: Sequence[Recipient], *, all_or_none: bool = False
) -> tuple[Sequence[Recipient], list[Limited]]:
    """Count a mail's copies; gives those that may come in, and those that may not. Two statements at most.

    With ``all_or_none`` nothing is counted where one may not.
    """
    now = clock.now()
    wanted = buckets_of(envelope, recipients, now) if recipients else []
    if not any(wanted):
        return recipients, []
    full = buckets.spend(wanted, now, all_or_none=all_or_none)
    limited = [
        Limited(who.rcpt_to, _words(bucket), math.ceil((bucket.ends - now).total_seconds()))
        for who, bucket in zip(recipients, full, strict=True)
        if bucket
    ]
    _note(full, now)
    return [who for who, bucket in zip(recipients, full, strict=True) if bucket is None], limited


def foresee(envelope: Envelope, recipient: Recipient, counted: Counter[bytes]) -> bool:
    """Whether one copy more would come in now, beside the copies of the same mail that are ``counted``.

    Nothing is debited by it. One query at most.
    """
    now = clock.now()
    wanted = buckets_of(envelope, [recipient], now)
    if not any(wanted):
        return True
    full = buckets.foresee(wanted[0], counted)
    _note([full], now)
    return full is None


def _note(full: Sequence[Bucket | None], now: datetime) -> None:
    over = [bucket for bucket in full if bucket]
    alarm.note(len(over), now)
    for bucket in over:
        metrics.RATE_LIMITED.inc(bucket.scope, bucket.window)


def _words(bucket: Bucket) -> str:
    return f"At most {bucket.most} mails an {bucket.window} are taken {_OF[bucket.scope]}.".replace("an day", "a day")
