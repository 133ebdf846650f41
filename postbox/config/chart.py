"""The bar chart of the front page as plain geometry, for inline SVG: no script, no library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from postbox.mail.figures import Hour
from postbox.mail.models import Status

WIDTH, HEIGHT = 720, 200
_LEFT, _TOP, _BOTTOM = 40, 10, 24
_BAR = 0.68  # of the room of an hour
# From the bottom of a bar up; the names are the classes of desk.css.
_STACK = (Status.PROCESSED, Status.RECEIVED, Status.QUARANTINED, Status.REFUSED)
_LABEL_EVERY = 3


@dataclass(frozen=True, slots=True)
class Block:
    """One state's part of an hour's bar."""

    y: float
    height: float
    state: str


@dataclass(frozen=True, slots=True)
class Bar:
    """An hour. ``words`` is what its tooltip says."""

    x: float
    width: float
    label: str
    words: str
    blocks: list[Block]

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the grid at a count."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    bars: list[Bar]
    lines: list[Line]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    base: int = HEIGHT - _BOTTOM
    label_y: int = HEIGHT - 6


def chart(hours: Sequence[Hour]) -> Chart:
    """Bars for these hours, stacked by state."""
    top = _nice(max((hour.total for hour in hours), default=0))
    room = (WIDTH - _LEFT) / max(len(hours), 1)
    return Chart(
        [_bar(hour, _LEFT + index * room, room, top, labelled=_is_labelled(hour)) for index, hour in enumerate(hours)],
        [Line(_y(top * part / 2, top), _short(top * part // 2)) for part in (0, 1, 2)],
    )


def _is_labelled(hour: Hour) -> bool:
    return hour.begins.hour % _LABEL_EVERY == 0


def _bar(hour: Hour, x: float, room: float, top: int, *, labelled: bool) -> Bar:
    blocks, below = [], 0
    for state in _STACK:
        if count := hour.counts.get(state, 0):
            y = _y(below + count, top)
            blocks.append(Block(y, round(_y(below, top) - y, 2), state.value))
            below += count
    said = ", ".join(f"{hour.counts[state]:,} {state}" for state in _STACK if hour.counts.get(state)) or "no mail"
    width = round(room * _BAR, 2)
    return Bar(
        round(x + (room - width) / 2, 2),
        width,
        f"{hour.begins:%H}" if labelled else "",
        f"{hour.begins:%H:%M}: {said}",
        blocks,
    )


def _y(count: float, top: int) -> float:
    return round(HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * count / top, 2)


def _nice(most: int) -> int:
    """The least of 2, 4, 10, 20, 40, 100, … that is enough: halves of it are whole."""
    step = 1
    while True:
        for factor in (2, 4, 10):
            if factor * step >= most:
                return factor * step
        step *= 10


def _short(count: int) -> str:
    return f"{count // 1000:,}k" if count >= 10_000 else f"{count:,}"
