"""What is unusual about one mail, against what is known of its sender and its agent.

Decides by the median and the median absolute deviation (MAD; Rousseeuw and Croux 1993), which a few odd mails do not
move. It says nothing as long as too little is known. It never decides what becomes of a mail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import log2
from statistics import median

ENOUGH_MAILS, ENOUGH_DAYS = 20, 5
_SIGMAS = 6
_MAD_TO_SIGMA = 1.4826
_LEAST_SPREAD = 0.5  # of sizes, in powers of two: half as much again is nothing unusual
_LEAST_VOLUME = 10
_HOURS = 2


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known: of one sender's mail to one agent, or of all that an agent gets.

    ``sizes`` in octets and ``hours`` (0 to 23, UTC) of the last mails; ``days`` how many came on each of the last
    days on which any came, ``today`` on ``day``. ``reply_to`` is a keyed hash, empty where answers go to the author.
    """

    mails: int = 0
    attached: int = 0
    sizes: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    today: int = 0
    day: date | None = None
    reply_to: str = ""


NOTHING = Baseline()


@dataclass(frozen=True, slots=True)
class Traits:
    """What of one mail is compared."""

    at: datetime
    size: int
    attachments: int
    reply_to: str


def unusual(mail: Traits, sender: Baseline, agent: Baseline) -> Iterator[tuple[str, str]]:
    """Code and words of each thing that is unusual, the gravest first."""
    if sender.mails >= ENOUGH_MAILS:
        if mail.reply_to != sender.reply_to:
            yield "reply_to_changed", "Answers would go to another address than those to this sender's last mail."
        if mail.attachments and not sender.attached:
            yield "attachments", f"It has attachments, and none of {sender.mails} mails of this sender had any."
        yield from _size(mail.size, sender.sizes)
        yield from _hour(mail.at.hour, sender.hours)
    yield from _volume("sender_volume", "This sender wrote", mail.at.date(), sender)
    yield from _volume("agent_volume", "The agent got", mail.at.date(), agent)
    if not sender.mails and agent.mails >= ENOUGH_MAILS:
        yield "first_contact", "This author has not written to this agent before."


def _size(size: int, sizes: Sequence[int]) -> Iterator[tuple[str, str]]:
    logs = [log2(max(1, one)) for one in sizes]
    middle, spread = _robust(logs, _LEAST_SPREAD)
    if abs(log2(max(1, size)) - middle) > _SIGMAS * spread:
        usual = 2**middle
        how = "larger" if size > usual else "smaller"
        yield "size", f"It has {size:,} octets, much {how} than this sender's mails of late, about {usual:,.0f}."


def _hour(hour: int, hours: Sequence[int]) -> Iterator[tuple[str, str]]:
    """An hour that is more than two from every hour of late, where those do not go round the clock."""
    if len(hours) >= ENOUGH_MAILS and all(min((hour - one) % 24, (one - hour) % 24) > _HOURS for one in hours):
        yield "hour", f"It came at {hour} o'clock UTC, and this sender's last {len(hours)} mails at other times of day."


def _volume(code: str, who: str, day: date, known: Baseline) -> Iterator[tuple[str, str]]:
    days = known.days if known.day == day else (*known.days, known.today)
    today = (known.today if known.day == day else 0) + 1
    if len(days) < ENOUGH_DAYS:
        return
    middle, spread = _robust(days, max(1.0, median(days) / 4))
    if today > max(_LEAST_VOLUME, middle + _SIGMAS * spread):
        yield code, f"{who} {today} mails today, where {middle:.0f} a day are usual."


def _robust(values: Sequence[float], least: float) -> tuple[float, float]:
    """The median, and a spread that is the standard deviation where values are normal."""
    middle = median(values)
    return middle, max(least, _MAD_TO_SIGMA * median([abs(value - middle) for value in values]))
