"""The order in which boxes and words are painted (CSS 2.2, appendix E), with what cuts and moves them.

Decides the sequence of strokes: backgrounds that cover, and words. It never decides whether a word is seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

from postbox.screening.distilling.computed import backdrop_of, gradient_colours
from postbox.screening.distilling.css_colours import RGBA
from postbox.screening.distilling.css_lengths import length
from postbox.screening.distilling.elements import covers
from postbox.screening.distilling.hints import CUTTING
from postbox.screening.distilling.layout.boxes import Box, Run
from postbox.screening.distilling.layout.shapes import Points, clip_edges, moved
from postbox.screening.distilling.matrices import (
    FLAT,
    Plane,
    on_page,
    perspective,
    point,
    seen_through,
    transform_of,
    within,
)

Rect = tuple[float, float, float, float]
"""Left, top, right, bottom."""
EVERYWHERE: Rect = (-1e9, -1e9, 1e9, 1e9)
_OPAQUE = 0.9


@dataclass(frozen=True, slots=True)
class Motion:
    """What transforms do to what lies inside them."""

    plane: Plane = FLAT

    def rect(self, x: float, y: float, width: float, height: float) -> Rect:
        """What is around a rectangle once it is moved; nothing where a corner is behind the eye."""
        if self.plane is FLAT:
            return (x, y, x + width, y + height)
        corners = [point(self.plane, *corner) for corner in product((x, x + width), (y, y + height))]
        seen = [corner for corner in corners if corner is not None]
        if len(seen) < 4:
            return (-1e6, -1e6, -1e6, -1e6)
        across, down = [one for one, _ in seen], [one for _, one in seen]
        return (min(across), min(down), max(across), max(down))


STILL = Motion()


@dataclass(slots=True)
class Stroke:
    """A covering background (``paint``) or the words of a run, and what cuts them."""

    area: Rect
    cut: Rect
    paint: RGBA | None = None
    run: Run | None = None
    motion: Motion = STILL
    box: Box | None = None
    edges: tuple[Points, ...] = ()
    """Shapes outside of which nothing is painted."""
    first: float = -1e9
    """Where the content of the box that cuts it begins."""
    wrapped: bool = False
    """Whether that box holds lines whose ends are estimates."""


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
    edges: tuple[Points, ...] = ()
    first: float = -1e9
    wrapped: bool = False


def strokes(top: Box) -> list[Stroke]:
    """Every stroke of the page, first painted first."""
    root = _Context()
    cuts: dict[Box, tuple[Rect, Motion]] = {}
    stack = [_Task(top, root, root, EVERYWHERE, EVERYWHERE, STILL, 1.0)]
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
        opacity = box.declared.get("opacity")
        faint = task.faint * opacity if isinstance(opacity, float) else task.faint
        area = motion.rect(box.x, box.y, box.width, box.height)
        edges = task.edges
        if "clip-path" in box.declared or "clip" in box.declared:
            sides = (box.x, box.y, box.width, box.height)
            edges += tuple(moved(edge, motion.plane) for edge in clip_edges(box.declared, sides, box.style.font))
        _background(box, own, area, cut, faint)
        inner_cut, first, wrapped = cut, task.first, task.wrapped
        if box.clips or (box.element is not None and box.element.tag in CUTTING):
            above = box.padding.top + box.border.top
            inner_cut, first = _intersection(cut, area), motion.rect(box.x, box.y + above, 0.0, 0.0)[1]
            wrapped = box.wrapped
        cuts[box] = (inner_cut, motion)
        for child in reversed(box.children):
            if isinstance(child, Run):
                own.words.append(
                    Stroke(
                        area, inner_cut, run=child, motion=motion, box=box, edges=edges, first=first, wrapped=wrapped
                    )
                )
            else:
                stack.append(_Task(child, context, own, inner_cut, cut, motion, faint, edges, first, wrapped))
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
    is_in_flow = box.position == "static" and box.parent is not None and box.parent.display not in _CONTAINERS
    if is_in_flow and box.declared.keys().isdisjoint(_ISOLATING):
        return None
    index = box.declared.get("z-index", "auto")
    in_container = box.parent is not None and box.parent.display in _CONTAINERS
    isolated = any(
        box.declared.get(name, "none") not in {"none", 1.0}
        for name in _ISOLATING[:5]
    ) or box.declared.get("isolation") == "isolate"  # fmt: skip
    if box.position == "static" and not (in_container and isinstance(index, int)):
        return (0, isolated) if isolated or in_container else None
    if isinstance(index, int):
        return index, True
    return 0, isolated or box.position in {"fixed", "sticky", "-webkit-sticky"}


_CONTAINERS = frozenset({"flex", "grid", "inline-flex", "inline-grid"})
_ISOLATING = ("transform", "opacity", "filter", "scale", "translate", "isolation")


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
    return cuts[around] if around is not None else (EVERYWHERE, STILL)


def _moved(box: Box, motion: Motion) -> Motion:
    """The motion inside a box with a transform, or in one that is looked at in perspective."""
    if box.inline:
        return motion
    found = transform_of(box.declared, box.style.font, box.width, box.height)
    if found is None:
        return motion
    around = box.parent
    eye = length(str(around.declared.get("perspective", "none"))) if around is not None else None
    if around is not None and eye is not None and eye.pixels:
        x, y = around.x + around.width / 2 - box.x, around.y + around.height / 2 - box.y
        found = seen_through(perspective(eye.resolve(around.style.font, 0.0), x, y), found)
    there, back = (1.0, 0.0, box.x, 0.0, 1.0, box.y, 0.0, 0.0, 1.0), (1.0, 0.0, -box.x, 0.0, 1.0, -box.y, 0.0, 0.0, 1.0)
    return Motion(within(motion.plane, within(there, within(on_page(found), back))))


def _background(box: Box, own: _Context, area: Rect, cut: Rect, faint: float) -> None:
    paint = backdrop_of(box.style, box.declared)
    if paint is None and box.element is not None and covers(box.element):
        paint = (128.0, 128.0, 128.0, 1.0)
    if paint is None or paint[3] * faint < _OPAQUE or box.style.unseen or "clip-path" in box.declared:
        paint = None
    if (spread := _spread(box)) is not None:
        wide, ink = spread
        around = (area[0] - wide, area[1] - wide, area[2] + wide, area[3] + wide)
        own.blocks.append(Stroke(_intersection(around, cut), cut, ink, box=box))
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


def _spread(box: Box) -> tuple[float, RGBA] | None:
    """How far a shadow or an outline covers what lies around its box, and with what."""
    if "box-shadow" not in box.declared and "outline" not in box.declared:
        return None
    shadow, outline = str(box.declared.get("box-shadow", "none")), str(box.declared.get("outline", "none"))
    said = outline if "inset" in shadow or shadow == "none" else shadow
    if said == "none" or "inset" in said:
        return None
    wide = max((size.pixels for word in said.split() if (size := length(word)) is not None), default=0.0)
    inks = gradient_colours(f"({said}")
    return (wide, inks[0]) if wide >= 40 and inks and inks[0][3] >= _OPAQUE and _sharp(said, outline) else None


def _sharp(said: str, outline: str) -> bool:
    """Whether the spread, the fourth length of a shadow, is what makes it large."""
    sizes = [size.pixels for word in said.split() if (size := length(word)) is not None]
    return said is outline or (len(sizes) == 4 and sizes[3] >= 40 and sizes[2] <= sizes[3])


def _intersection(one: Rect, other: Rect) -> Rect:
    return (max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3]))
