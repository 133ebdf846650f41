"""Which words are seen once boxes are placed: not cut off, not off the page, not under another box.

Decides from the strokes of ``order``. What it finds hidden it takes out of the tree, and names.
"""

from __future__ import annotations

from collections.abc import Iterator

from postbox.screening.distilling.computed import backdrop_of, told_apart
from postbox.screening.distilling.css_colours import RGBA, WHITE
from postbox.screening.distilling.css_lengths import VIEWPORT_HEIGHT, VIEWPORT_WIDTH
from postbox.screening.distilling.layout.boxes import Box, Run
from postbox.screening.distilling.layout.order import Rect, Stroke
from postbox.screening.distilling.layout.shapes import Points, inside
from postbox.screening.distilling.limits import Deadline, Overrun
from postbox.screening.distilling.matrices import FLAT
from postbox.screening.distilling.reasons import HiddenReason

_CELL = 200.0
_LEAST = 3.9
_LEAST_ADVANCE = 1.2
"""Pixels: how high a word, and how wide a letter, has to be at least to be read."""
_LEAST_SHARE = 0.23
"""How much of the height of its letters a word has to show at least to be read."""
_SLACK, _SLACK_OF_LINES = 1.12, 1.04
"""Places are estimates: a word is only cut off when it lies so much farther than the edge that cuts it, less where
every line ends at a break."""


class Covers:
    """The covering backgrounds, found by where they are."""

    def __init__(self, strokes: list[Stroke], deadline: Deadline) -> None:
        self._deadline = deadline
        self._small: dict[tuple[int, int], list[tuple[int, Stroke]]] = {}
        self._large: list[tuple[int, Stroke]] = []
        self._asked = 0
        for index, stroke in enumerate(strokes):
            if stroke.paint is None or stroke.area[2] <= stroke.area[0] or stroke.area[3] <= stroke.area[1]:
                continue
            if not index % 256 and deadline.passed():
                raise Overrun
            left, top, right, bottom = stroke.area
            if (right - left) > 6 * _CELL or (bottom - top) > 6 * _CELL:
                self._large.append((index, stroke))
                continue
            for across in range(int(left // _CELL), int(right // _CELL) + 1):
                for down in range(int(top // _CELL), int(bottom // _CELL) + 1):
                    self._small.setdefault((across, down), []).append((index, stroke))

    def at(self, x: float, y: float) -> Iterator[tuple[int, Stroke]]:
        """The covers over a point, with their place in the order."""
        self._asked += 1
        if not self._asked % 16 and self._deadline.passed():
            raise Overrun
        for some in (self._small.get((int(x // _CELL), int(y // _CELL)), ()), self._large):
            for index, stroke in some:
                left, top, right, bottom = stroke.area
                if left - 1 <= x <= right + 1 and top - 1 <= y <= bottom + 1:
                    yield index, stroke


def look(strokes: list[Stroke], deadline: Deadline) -> tuple[list[tuple[HiddenReason, str]], set[str]]:
    """Takes hidden words out of the tree. Gives them with reasons, and texts that a box behind makes legible."""
    covers = Covers(strokes, deadline)
    hidden: list[tuple[HiddenReason, str]] = []
    legible: set[str] = set()
    for index, stroke in enumerate(strokes):
        run = stroke.run
        if run is None or len(run.places) != len(run.words):
            continue
        if run.style.reason is not None:
            if run.style.reason is HiddenReason.COLOUR and run.places and _on_another(run, stroke, index, covers):
                legible.add((run.element.tail if run.tail else run.element.text) or "")
            continue
        reasons = [_why(stroke, word, place, index, covers) for word, place in zip(run.words, run.places, strict=True)]
        if any(reasons):
            _take_out(run, reasons, hidden)
    return hidden, legible


def _take_out(run: Run, reasons: list[HiddenReason | None], hidden: list[tuple[HiddenReason, str]]) -> None:
    gone = [word for word, reason in zip(run.words, reasons, strict=True) if reason]
    first = next(reason for reason in reasons if reason)
    if not any(word.strip() for word in gone):
        return
    hidden.append((first, " ".join(gone)))
    if run.control:
        run.element.tag = "template"
        return
    joint = "" if run.preformatted else " "
    kept = joint.join(word for word, reason in zip(run.words, reasons, strict=True) if not reason)
    if not run.preformatted:
        kept = (" " if run.leading else "") + kept + (" " if run.trailing else "")
    if run.tail:
        run.element.tail = kept
    else:
        run.element.text = kept


def _why(stroke: Stroke, word: str, place: Rect, index: int, covers: Covers) -> HiddenReason | None:
    left, top, right, bottom = stroke.motion.rect(*place)
    if place[2] == 0 and place[3] == 0:
        return None
    if _cut_off(stroke, (left, top, right, bottom), _slack(stroke)):
        return HiddenReason.CLIPPED
    if (
        left + right <= 4
        or top + bottom <= 4
        or _least(stroke, left) >= VIEWPORT_WIDTH - (right - left) / 2
        or bottom - top < _LEAST
        or (top >= VIEWPORT_HEIGHT and _fixed(stroke))
        or (stroke.motion.plane is not FLAT and right - left < _LEAST_ADVANCE * len(word))
    ):
        return HiddenReason.OFF_SCREEN
    middle = (top + bottom) / 2
    points = [(left + (right - left) * part, middle) for part in (0.15, 0.5, 0.85)]
    if stroke.edges and sum(_within(stroke.edges, x, (top, bottom)) for x, _ in points) < 2:
        return HiddenReason.CLIPPED
    if all(any(other > index for other, _ in covers.at(*point)) for point in points):
        return HiddenReason.COVERED
    box = stroke.box
    if box is not None and stroke.run is not None and box.apart:
        behind = max(covers.at(*points[1]), key=lambda entry: entry[0], default=None)
        paint = _inline_paint(box) or (behind[1].paint if behind and behind[0] < index else WHITE)
        if paint is not None and not told_apart(stroke.run.style, paint):
            return HiddenReason.COLOUR
    return None


def _within(edges: tuple[Points, ...], x: float, sides: tuple[float, float]) -> bool:
    """Whether a letter is seen above or below its middle."""
    top, bottom = sides
    return any(all(inside(edge, x, top + (bottom - top) * part) for edge in edges) for part in (0.35, 0.65))


def _least(stroke: Stroke, left: float) -> float:
    """How far to the right a word begins at least, since the widths of those before it are estimates."""
    if _exact(stroke) or stroke.motion.plane is not FLAT:
        return left
    block = stroke.box
    while block is not None and block.inline and block.parent is not None:
        block = block.parent
    start = 0.0
    if block is not None:
        inset = block.padding.left + block.border.left
        indent = block.style.indent.resolve(block.style.font, block.width) if block.style.indent is not None else 0.0
        start = stroke.motion.rect(block.x + inset + max(0.0, indent), block.y, 0.0, 0.0)[0]
    return start + max(0.0, left - start) / 1.3


def _slack(stroke: Stroke) -> float:
    return 1.0 if _exact(stroke) else _SLACK if stroke.wrapped else _SLACK_OF_LINES


def _exact(stroke: Stroke) -> bool:
    """Whether a declared position says where the run lies."""
    return stroke.box is not None and (
        stroke.box.position != "static" or (stroke.box.parent is not None and stroke.box.parent.position != "static")
    )


def _fixed(stroke: Stroke) -> bool:
    """Whether a run stands in a box that stays where the screen is."""
    at = stroke.box
    while at is not None and at.position != "fixed":
        at = at.parent
    return at is not None


def _inline_paint(box: Box) -> RGBA | None:
    """The background of the inline elements around a text, which goes with it wherever it is."""
    at: Box | None = box
    while at is not None and at.inline:
        paint = backdrop_of(at.style, at.declared)
        if paint is not None and paint[3] >= 0.9:
            return paint
        at = at.parent
    return None


def _on_another(run: Run, stroke: Stroke, index: int, covers: Covers) -> bool:
    x, y, width, height = run.places[len(run.places) // 2]
    left, top, right, bottom = stroke.motion.rect(x, y, width, height)
    over = list(covers.at((left + right) / 2, (top + bottom) / 2))
    if any(other > index for other, _ in over):
        return False
    behind = max(over, key=lambda entry: entry[0], default=None)
    return behind is not None and behind[1].paint is not None and told_apart(run.style, behind[1].paint)


def _cut_off(stroke: Stroke, word: Rect, slack: float) -> bool:
    cut, first = stroke.cut, max(stroke.cut[1], stroke.first)
    across, down = (word[0] + word[2]) / 2, (word[1] + word[3]) / 2
    wide, high = cut[2] - cut[0], cut[3] - cut[1]
    if wide <= 1 or high <= _LEAST_SHARE * (word[3] - word[1]):
        return True
    line = (word[1] - first) / slack if word[1] > first else word[1] - first
    return (
        first - cut[1] + line + (down - word[1]) - 2 > high or down < cut[1] - 2 or across < cut[0] - 2
        or min(across, word[0] + 12) - cut[0] > wide * min(slack, 1.02) + 2
    )  # fmt: skip
