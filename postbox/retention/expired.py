"""What expires beside mail: sessions of operators, and wake-ups of work that no longer exists.

Decides only how they are found. Each is ``(cutoff, limit)`` to the number of rows deleted, as settings.POSTBOX_REAPERS
wants them.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.sessions.models import Session

from postbox.events.models import Wakeup
from postbox.lib import clock

# Not work of its own: when the last sweep ran.
_SWEEP = "sweep"


def sessions(cutoff: datetime, limit: int) -> int:
    """Sessions that nobody can use any more."""
    keys = list(Session.objects.filter(expire_date__lt=clock.now()).order_by("expire_date").values_list("pk")[:limit])
    return Session.objects.filter(pk__in=[key for (key,) in keys]).delete()[0]


def wakeups(cutoff: datetime, limit: int) -> int:
    """Flags of kinds of work that an earlier version had."""
    gone = Wakeup.objects.exclude(work__in=[*settings.POSTBOX_WORK, _SWEEP]).exclude(waiting_since__gte=cutoff)
    works = list(gone.order_by("work").values_list("work", flat=True)[:limit])
    return Wakeup.objects.filter(work__in=works).delete()[0]
