"""The front page: what waits, what came, what was held back, and whether the parts that move it are alive.

Decides what is shown and in which order; the figures come from the packages that config names. Every query is bounded,
and an operator sees no messages here that the message list would not show.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string

from postbox.config.chart import chart
from postbox.config.health import broker_problem
from postbox.desk.figures import Figure
from postbox.desk.ids import first_id
from postbox.desk.words import Level, age
from postbox.events.models import Wakeup
from postbox.events.sweep import missed
from postbox.lib import clock
from postbox.mail.badges import score_badge
from postbox.mail.figures import Day, last_day
from postbox.mail.models import Message, Status

_LAST = 6
_QUARANTINE_LOOKED_AT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Part:
    """A moving part and how it is."""

    name: str
    words: str
    level: Level


def front(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The front page's context, for unfold's DASHBOARD_CALLBACK."""
    day = last_day()
    may_see = request.user.has_perm("mail.view_message")
    return context | {
        "title": "Overview",
        "figures": [figure for name in settings.POSTBOX_DASHBOARD for figure in import_string(name)()],
        "day": day,
        "day_figures": _day_figures(day),
        "chart": chart(day.hours) if day.total() else None,
        "parts": [_broker(), _sweep()],
        "may_see": may_see,
        "quarantined": [(row, score_badge(row.injection_score)) for row in _quarantined()] if may_see else [],
        "quarantine_url": reverse("admin:mail_message_changelist") + f"?status__exact={Status.QUARANTINED}",
    }


def _day_figures(day: Day) -> list[Figure]:
    held, refused = day.total(Status.QUARANTINED), day.total(Status.REFUSED)
    more = "+" if day.cut else ""
    return [
        Figure("Received", f"{day.total():,}{more}", "in the last 24 hours"),
        Figure("Processed", f"{day.total(Status.PROCESSED):,}{more}", "given to their agents"),
        Figure("Quarantined", f"{held:,}{more}", "held back", Level.DANGER if held else Level.PLAIN),
        Figure("Refused", f"{refused:,}{more}", "never shown", Level.WARNING if refused else Level.PLAIN),
    ]


def _quarantined() -> list[Message]:
    rows = Message.objects.filter(status=Status.QUARANTINED, pk__gt=_oldest_looked_at())
    return list(rows.select_related("agent").order_by("-id")[:_LAST])


def _oldest_looked_at() -> uuid.UUID:
    """So that a quarantine long empty does not make every visit read the whole table."""
    return first_id(clock.now() - _QUARANTINE_LOOKED_AT)


def _broker() -> Part:
    problem = broker_problem()
    return Part("Broker", problem or "answers", Level.DANGER if problem else Level.GOOD)


def _sweep() -> Part:
    at = Wakeup.objects.filter(work="sweep").values_list("waiting_since", flat=True).first()
    if at is None:
        return Part("Beat", "not heard of yet", Level.WARNING)
    words = f"{age((clock.now() - at).total_seconds())} ago"
    return Part("Beat", words, Level.WARNING if missed() else Level.GOOD)
