"""The order in which boxes and words are painted (CSS 2.2, appendix E), with what cuts and moves them.

Decides the sequence of strokes: backgrounds that cover, and words. It never decides whether a word is seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from postbox.screening.distilling.computed import backdrop_of
from postbox.screening.distilling.css_colours import RGBA
from postbox.screening.distilling.css_lengths import length
from postbox.screening.distilling.elements import covers
from postbox.screening.distilling.layout.boxes import Box, Run

Rect = tuple[float, float, float, float]
"""Left, top, right, bottom."""
EVERYWHERE: Rect = (-1e9, -1e9, 1e9, 1e9)
_FUNCTION = re.compile(r"([a-z0-9]+)\(([^()]*)\)").findall
_OPAQUE = 0.9


@dataclass(frozen=True, slots=True)
class Motion:
    """Scale and shift in each direction."""

    across: float = 1.0
    down: float = 1.0
    x: float = 0.0
    y: float = 0.0

    def rect(self, x: float, y: float, width: float, height: float) -> Rect:
        left, top = x * self.across + self.x, y * self.down + self.y
        return (left, top, left + width * self.across, top + height * self.down)


@dataclass(slots=True)
class Stroke:
    """A covering background (``paint``) or the words of a run, and what cuts them."""

    area: Rect
    cut: Rect
    paint: RGBA | None = None
    run: Run | None = None
    motion: Motion = field(default_factory=Motion)
    box: Box | None = None


@dataclass(slots=True)
class _Context:
    """A stacking context while it is gathered."""

    below: list[tuple[int, int, _Context]] = field(default_factory=list)
    blocks: list[Stroke] = field(default_factory=list)
    words: list[Stroke] = field(default_factory=list)
    above: list[tuple[int, int, _Context]] = field(default_factory=list)


@dataclass(slots=True)
class _Task:
    box: Box
    context: _Context
    own: _Context
    cut: Rect
    outer_cut: Rect
    motion: Motion
    faint: float


def strokes(top: Box) -> list[Stroke]:
    """Every stroke of the page, first painted first."""
    root = _Context()
    cuts: dict[Box, tuple[Rect, Motion]] = {}
    stack = [_Task(top, root, root, EVERYWHERE, EVERYWHERE, Motion(), 1.0)]
    count = 0
    while stack:
        task = stack.pop()
        box, count = task.box, count + 1
        own, context = task.own, task.context
        stacked = _level(box)
        if stacked is not None and box.parent is not None:
            level, isolated = stacked
            inner = _Context()
            (context.below if level < 0 else context.above).append((level, count, inner))
            own, context = inner, inner if isolated else context
        cut, motion = _surroundings(task, cuts)
        motion = _moved(box, motion)
        faint = task.faint * float(
            box.declared.get("opacity", 1.0) if isinstance(box.declared.get("opacity"), float) else 1.0
        )
        area = motion.rect(box.x, box.y, box.width, box.height)
        _background(box, own, area, cut, faint)
        inner_cut = _intersection(cut, area) if box.clips else cut
        cuts[box] = (inner_cut, motion)
        for child in reversed(box.children):
            if isinstance(child, Run):
                own.words.append(Stroke(area, inner_cut, run=child, motion=motion, box=box))
            else:
                stack.append(_Task(child, context, own, inner_cut, cut, motion, faint))
    return _flattened(root)


def _flattened(root: _Context) -> list[Stroke]:
    found: list[Stroke] = []
    stack: list[_Context | list[Stroke]] = [root]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            found += one
            continue
        parts: list[_Context | list[Stroke]] = [one.blocks[:1]]
        parts += [inner for _, _, inner in sorted(one.below, key=lambda entry: entry[:2])]
        parts += [one.blocks[1:], one.words]
        parts += [inner for _, _, inner in sorted(one.above, key=lambda entry: entry[:2])]
        stack += reversed(parts)
    return found


def _level(box: Box) -> tuple[int, bool] | None:
    """The z-index of a box that is painted apart, and whether it keeps its descendants to itself."""
    index = box.declared.get("z-index", "auto")
    in_container = box.parent is not None and box.parent.display in {"flex", "grid", "inline-flex", "inline-grid"}
    isolated = any(
        box.declared.get(name, "none") not in {"none", 1.0}
        for name in ("transform", "opacity", "filter", "scale", "translate")
    ) or box.declared.get("isolation") == "isolate"  # fmt: skip
    if box.position == "static" and not (in_container and isinstance(index, int)):
        return (0, isolated) if isolated or in_container else None
    if isinstance(index, int):
        return index, True
    return 0, isolated or box.position in {"fixed", "sticky", "-webkit-sticky"}


def _surroundings(task: _Task, cuts: dict[Box, tuple[Rect, Motion]]) -> tuple[Rect, Motion]:
    """What cuts a box: for one out of the flow, only what stands around the box that it refers to."""
    box = task.box
    if not box.out_of_flow:
        return task.cut, task.motion
    around = box.parent
    while (
        around is not None
        and ("transform" not in around.declared)
        and (box.position == "fixed" or around.position == "static")
    ):
        around = around.parent
    return cuts[around] if around is not None else (EVERYWHERE, Motion())


def _moved(box: Box, motion: Motion) -> Motion:
    """The motion inside a box with a transform; turns and skews are left out."""
    alone = [(name, box.declared.get(name, "none")) for name in ("translate", "scale")]
    functions = [(name, text) for name, text in alone if isinstance(text, str) and text != "none"]
    text = box.declared.get("transform")
    if isinstance(text, str) and "(" in text:
        functions += _FUNCTION(text[:500])
    if not functions or box.inline:
        return motion
    sx, sy, tx, ty = 1.0, 1.0, 0.0, 0.0
    for name, inner in functions:
        sizes = [length(part) for part in inner.replace(",", " ").split()]
        values = [
            size.resolve(box.style.font, box.height if index == 1 or name.endswith("y") else box.width) if size else 0.0
            for index, size in enumerate(sizes)
        ]
        if not values:
            continue
        if name in {"translate", "translate3d", "translatex"}:
            tx, ty = tx + values[0] * sx, ty + (values[1] * sy if len(values) > 1 else 0.0)
        elif name == "translatey":
            ty += values[0] * sy
        elif name in {"scale", "scale3d"}:
            sx, sy = sx * values[0], sy * (values[1] if len(values) > 1 else values[0])
        elif name in {"scalex", "scaley"}:
            sx, sy = (sx * values[0], sy) if name == "scalex" else (sx, sy * values[0])
        elif name == "matrix" and len(values) == 6:
            sx, sy, tx, ty = sx * values[0], sy * values[3], tx + values[4], ty + values[5]
    x, y = box.x + box.width / 2, box.y + box.height / 2
    tx, ty = tx + x - sx * x, ty + y - sy * y
    return Motion(motion.across * sx, motion.down * sy, motion.x + motion.across * tx, motion.y + motion.down * ty)


def _background(box: Box, own: _Context, area: Rect, cut: Rect, faint: float) -> None:
    paint = backdrop_of(box.style, box.declared)
    if paint is None and box.element is not None and covers(box.element):
        paint = (128.0, 128.0, 128.0, 1.0)
    if paint is None or paint[3] * faint < _OPAQUE or box.style.unseen or "clip-path" in box.declared:
        paint = None
    area = _intersection(area, cut)
    if paint is None and not own.blocks:
        own.blocks.append(Stroke(area, cut))
    elif paint is not None:
        stroke = Stroke(
            EVERYWHERE if box.element is not None and box.element.tag == "body" else area, cut, paint, box=box
        )
        if box.element is not None and box.element.tag == "body" and own.blocks:
            own.blocks[0] = stroke
        else:
            (own.words if box.inline else own.blocks).append(stroke)


def _intersection(one: Rect, other: Rect) -> Rect:
    return (max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3]))
