"""Stacked bars as geometry for inline SVG: no script, no library. Decides sizes and places, never what is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 200
_LEFT, _TOP, _BOTTOM = 40, 10, 24
_BAR = 0.68  # of a column's room
_HALF_LABEL = 32  # of "21 Nov", so that the last one ends where the chart does


@dataclass(frozen=True, slots=True)
class Column:
    """What one bar shows. ``counts`` by state, ``words`` for its tooltip, ``label`` below it."""

    label: str
    words: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Block:
    """One state's part of a bar."""

    y: float
    height: float
    state: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar. ``words`` is what its tooltip says."""

    x: float
    width: float
    label: str
    words: str
    blocks: list[Block]

    @property
    def label_x(self) -> float:
        """The middle of its label."""
        return round(min(self.x + self.width / 2, WIDTH - _HALF_LABEL), 2)


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


def bars(columns: Sequence[Column], stack: Sequence[str]) -> Chart:
    """A bar a column, its states stacked from the bottom up in the order of ``stack``: the classes of desk.css."""
    top = _nice(max((sum(column.counts.get(state, 0) for state in stack) for column in columns), default=0))
    room = (WIDTH - _LEFT) / max(len(columns), 1)
    return Chart(
        [_bar(column, stack, _LEFT + index * room, room, top) for index, column in enumerate(columns)],
        [Line(_y(top * part / 2, top), _short(top * part // 2)) for part in (0, 1, 2)],
    )


def _bar(column: Column, stack: Sequence[str], x: float, room: float, top: int) -> Bar:
    blocks, below = [], 0
    for state in stack:
        if count := column.counts.get(state, 0):
            y = _y(below + count, top)
            blocks.append(Block(y, round(_y(below, top) - y, 2), state))
            below += count
    width = round(room * _BAR, 2)
    return Bar(round(x + (room - width) / 2, 2), width, column.label, column.words, blocks)


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
