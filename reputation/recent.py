"""How mail fared lately: sums over the last days, for all agents or by agent, and a chart of them.

Decides how many days are looked at, so that no page reads a whole table.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet, Sum

from postbox.desk.bars import Chart, Column, bars
from postbox.lib import clock
from reputation.models import SenderDay

DAYS = 30
_LABEL_EVERY = 5
_FIELDS = ("sent", "delivered", "bounced", "complained", "failed")


@dataclass(frozen=True, slots=True)
class Fared:
    """Recipients by what became of them."""

    sent: int = 0
    delivered: int = 0
    bounced: int = 0
    complained: int = 0
    failed: int = 0

    def share(self, count: int) -> str:
        """A count among the sent, in percent."""
        return f"{count / self.sent:.1%}" if self.sent else "–"


@dataclass(frozen=True, slots=True)
class AgentFared:
    """An agent and how its mail fared."""

    agent_id: uuid.UUID
    name: str
    fared: Fared

    @property
    def bounce_rate(self) -> str:
        return self.fared.share(self.fared.bounced)

    @property
    def complaint_rate(self) -> str:
        return self.fared.share(self.fared.complained)


def last_days(days: int) -> Fared:
    """The sum over all agents, today (UTC) included."""
    return _summed(_since(days))


def by_agent(most: int, days: int = DAYS) -> list[AgentFared]:
    """Those who sent the most lately, with their sums. One query."""
    summed = _since(days).values("agent_id", "agent__name").annotate(**{name: Sum(name) for name in _FIELDS})
    rows = summed.order_by("-sent", "agent__name").values_list("agent_id", "agent__name", *_FIELDS)
    return [AgentFared(agent_id, name, Fared(*sums)) for agent_id, name, *sums in rows[:most]]


def charts(agent_id: uuid.UUID | None = None, days: int = DAYS) -> tuple[Chart, Chart, Fared]:
    """Bars a day of what was sent, bars of what came back, and the sums; of one agent or of all. One query."""
    rows = _since(days)
    rows = rows.filter(agent_id=agent_id) if agent_id else rows
    summed = rows.values("day").annotate(**{name: Sum(name) for name in _FIELDS})
    found = {day: Fared(*sums) for day, *sums in summed.values_list("day", *_FIELDS)}
    today = clock.now().date()
    past = [today - timedelta(days=back) for back in reversed(range(days))]
    series = [(day, found.get(day, Fared())) for day in past]
    out = bars([_column(day, one, today) for day, one in series], ["sent"])
    back = bars([_column(day, one, today) for day, one in series], ["bounced", "complained"])
    total = Fared(*(sum(getattr(one, name) for _, one in series) for name in _FIELDS))
    return out, back, total


def _since(days: int) -> QuerySet[SenderDay]:
    return SenderDay.objects.filter(day__gt=clock.now().date() - timedelta(days=days)).order_by()


def _summed(rows: QuerySet[SenderDay]) -> Fared:
    sums = rows.aggregate(**{name: Sum(name) for name in _FIELDS})
    return Fared(*(sums[name] or 0 for name in _FIELDS))


def _column(day: date, one: Fared, today: date) -> Column:
    said = f"{day:%d %B}: {one.sent:,} sent, {one.bounced:,} bounced, {one.complained:,} complained"
    label = f"{day:%d %b}" if (today - day).days % _LABEL_EVERY == 0 else ""
    return Column(label, said, {"sent": one.sent, "bounced": one.bounced, "complained": one.complained})
