"""How mail was authenticated over the last days, and who was kept out. Reads a bounded number of rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection

from postbox.desk.bars import Chart, Column, bars
from postbox.desk.ids import first_id
from postbox.lib import clock
from postbox.mail.models import Direction

DAYS = 30
_LABEL_EVERY = 5
# About a second's work for the database each; beyond it the oldest days are left out.
_MOST_ROWS = 500_000
_MOST_VERDICTS = 50_000
_SHOWN = 50

# What is shown, from the bottom of a bar up, and in which colour of desk.css.
KINDS = (
    ("authenticated", "processed"),
    ("not authenticated", "quarantined"),
    ("not answered", "bounced"),
    ("not checked", "received"),
)
# What the codes of who was kept out mean, for people.
WHY = {
    "not_authenticated": "nothing vouches for the author",
    "authentication_unavailable": "DNS did not answer",
    "blocked": "is blocked",
    "stranger": "is on no list",
    "held_for_approval": "is on no list; held for approval",
}
_BY_DAY = f"""
SELECT (received_at AT TIME ZONE 'UTC')::date AS day,
       CASE WHEN aligned_domain <> '' THEN 'authenticated'
            WHEN 'temperror' IN (spf, dkim, dmarc) THEN 'not answered'
            WHEN client_ip IS NULL AND 'none' = ALL (ARRAY[spf, dkim, dmarc]) THEN 'not checked'
            ELSE 'not authenticated' END AS kind,
       count(*)
FROM (SELECT received_at, aligned_domain, client_ip, spf, dkim, dmarc FROM messages
      WHERE id >= %(first)s AND direction = '{Direction.INBOUND}' AND status <> 'received'
      ORDER BY id DESC LIMIT %(most)s) AS newest
GROUP BY 1, 2
"""  # noqa: S608
_KEPT_OUT = f"""
SELECT coalesce(nullif(m.header_from, ''), m.mail_from) AS sender, v.code, count(*), max(m.received_at)
FROM (SELECT id, header_from, mail_from, received_at FROM messages
      WHERE id >= %(first)s AND direction = '{Direction.INBOUND}' AND status IN ('refused', 'quarantined')
      ORDER BY id DESC LIMIT %(most)s) AS m
JOIN verdicts v ON v.message_id = m.id AND v.step IN ('allow', 'authenticate')
                AND v.outcome IN ('refuse', 'quarantine', 'hold')
GROUP BY 1, 2 ORDER BY 3 DESC, 4 DESC LIMIT %(shown)s
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class OverTime:
    """Bars a day, and the sums by kind with the colour of each."""

    chart: Chart
    sums: list[tuple[str, str, int]]

    @property
    def total(self) -> int:
        return sum(count for _, _, count in self.sums)


def over_time(days: int = DAYS) -> OverTime:
    """The mail of the last days by how it was authenticated; today (UTC) is the last."""
    today = clock.now().date()
    past = [today - timedelta(days=back) for back in reversed(range(days))]
    counts: dict[date, dict[str, int]] = {day: {} for day in past}
    with connection.cursor() as cursor:
        cursor.execute(_BY_DAY, {"first": first_id(clock.now() - timedelta(days=days)), "most": _MOST_ROWS})
        for day, kind, count in cursor.fetchall():
            counts.get(day, {})[kind] = count
    chart = bars([_column(day, found, today) for day, found in counts.items()], [colour for _, colour in KINDS])
    sums = [(kind, colour, sum(found.get(kind, 0) for found in counts.values())) for kind, colour in KINDS]
    return OverTime(chart, sums)


def kept_out(days: int = DAYS) -> list[tuple[str, str, int, object]]:
    """Senders whose mail authentication or a list refused or held: sender, code, how often, when last."""
    values: dict[str, Any] = {
        "first": first_id(clock.now() - timedelta(days=days)),
        "most": _MOST_VERDICTS,
        "shown": _SHOWN,
    }
    with connection.cursor() as cursor:
        cursor.execute(_KEPT_OUT, values)
        return list(cursor.fetchall())


def _column(day: date, found: dict[str, int], today: date) -> Column:
    said = ", ".join(f"{found[kind]:,} {kind}" for kind, _ in KINDS if found.get(kind)) or "no mail"
    label = f"{day:%d %b}" if (today - day).days % _LABEL_EVERY == 0 else ""
    return Column(label, f"{day:%d %B}: {said}", {colour: found.get(kind, 0) for kind, colour in KINDS})
