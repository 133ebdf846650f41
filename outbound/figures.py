"""What outbound shows on the front page: mail that waits for a person, and how sent mail fares."""

from __future__ import annotations

from outbound.models import DeliveryReport, Outgoing, ReportState
from postbox.desk.figures import COUNTED_UP_TO, Figure, counted
from postbox.desk.words import Level
from postbox.mail.models import Status
from reputation.recent import last_days

_UNHAPPY, _BAD = 0.02, 0.05  # bounces among the sent, from which providers begin to mind
_COMPLAINED = 0.001
_FEW = 20
_OUTBOX = "outbound/outgoing/"


def figures() -> list[Figure]:
    """Held, sent, bounced and complained: four bounded queries."""
    held, unknown = (_count(state) for state in (Status.HELD, Status.UNKNOWN))
    unmatched = DeliveryReport.objects.filter(state=ReportState.UNMATCHED).order_by().values("pk")[:100].count()
    day = last_days(2)
    more = f"{unknown} unknown" if unknown else "none unknown"
    reports = f"; {unmatched} reports of no message" if unmatched else ""
    return [
        Figure(
            "Held",
            counted(held),
            f"wait for a person; {more}",
            Level.WARNING if held or unknown else Level.PLAIN,
            f"{_OUTBOX}?state__exact={Status.HELD}",
        ),
        Figure("Sent", f"{day.sent:,}", "recipients, yesterday and today", link=_OUTBOX),
        Figure(
            "Bounced",
            f"{day.bounced:,}",
            f"{_share(day.bounced, day.sent)} of them{reports}",
            _bounces(day.sent, day.bounced),
        ),
        Figure(
            "Complained",
            f"{day.complained:,}",
            f"{_share(day.complained, day.sent)} of them",
            _complaints(day.sent, day.complained),
        ),
    ]


def _count(state: Status) -> int:
    return Outgoing.objects.filter(state=state).order_by().values("pk")[: COUNTED_UP_TO + 1].count()


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "0 %"


def _bounces(sent: int, bounced: int) -> Level:
    if bounced == 0 or sent < _FEW:
        return Level.PLAIN
    return Level.DANGER if bounced >= sent * _BAD else Level.WARNING if bounced >= sent * _UNHAPPY else Level.PLAIN


def _complaints(sent: int, complained: int) -> Level:
    if not complained:
        return Level.PLAIN
    return Level.DANGER if complained >= sent * _COMPLAINED else Level.WARNING
