"""How much mail came in the last 24 hours and what became of it. Reads a bounded number of rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from postbox.desk.ids import first_id
from postbox.lib import clock
from postbox.mail.models import Direction, Status

HOURS = 24
# About a second's work for the database; beyond it the oldest hours are left out and the day says so.
MOST_ROWS = 500_000

_BY_HOUR = f"""
SELECT date_trunc('hour', received_at, 'UTC') AS hour, status, count(*)
FROM (SELECT received_at, status FROM messages
      WHERE id >= %(first)s AND direction = '{Direction.INBOUND}' ORDER BY id DESC LIMIT %(most)s) AS newest
WHERE received_at >= %(since)s
GROUP BY 1, 2
"""  # noqa: S608


@dataclass(slots=True)
class Hour:
    """The mail received in one hour: counts by state."""

    begins: datetime
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Day:
    """The last 24 hours, oldest first. ``cut``: there was more mail than is counted here."""

    hours: list[Hour]
    cut: bool

    def total(self, *states: str) -> int:
        """How many messages, or how many in these states."""
        return sum(
            count for hour in self.hours for state, count in hour.counts.items() if not states or state in states
        )


def last_day() -> Day:
    """The mail of this hour and the 23 before it."""
    hours = {at: Hour(at, dict.fromkeys(Status.values, 0)) for at in _hours()}
    with connection.cursor() as cursor:
        cursor.execute(_BY_HOUR, {"first": first_id(min(hours)), "most": MOST_ROWS, "since": min(hours)})
        rows = cursor.fetchall()
    for begins, status, count in rows:
        if begins in hours:
            hours[begins].counts[status] = count
    return Day(list(hours.values()), sum(row[2] for row in rows) >= MOST_ROWS)


def _hours() -> list[datetime]:
    this = clock.now().replace(minute=0, second=0, microsecond=0)
    return [this - timedelta(hours=back) for back in reversed(range(HOURS))]
