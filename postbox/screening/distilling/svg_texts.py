"""The texts of an SVG drawing: which lie in its view, and what is painted behind them (SVG 2).

Decides from attributes and ``style`` attributes, with transforms and view boxes; lengths of texts are estimates. What
animates, stretches or squeezes a text counts as hiding it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from postbox.screening.distilling.css_colours import RGBA, colour
from postbox.screening.distilling.css_lengths import VIEWPORT_WIDTH, Length, length
from postbox.screening.distilling.declarations import parse_declarations
from postbox.screening.distilling.matrices import FLAT, Plane, attribute_plane, point, within
from postbox.screening.distilling.property_values import Value
from postbox.screening.distilling.tree import COMMENT, Element

GROUND = "the ground"
"""An attribute that no mail can set, for the blank in its name: the colour behind a text."""
_MOST = 400
_DEEPEST = 20
_UNREADABLE = frozenset({"lengthadjust", "rotate", "writing-mode", "glyph-orientation-vertical"})
_HIDING = frozenset({"display", "visibility", "class", "id"})
_HOLDERS = frozenset({"svg", "g", "a", "switch", "text", "tspan", "foreignobject"})
_FIRST = re.compile(r"[^\s,]+").search


@dataclass(frozen=True, slots=True)
class _View:
    """Where an element's coordinates lie in the drawing."""

    plane: Plane
    font: float
    wide: float = 300.0
    high: float = 150.0
    x: float = 0.0
    y: float = 0.0


def judge(svg: Element) -> set[Element]:
    """The elements whose text is not seen. The others are told, by ``GROUND``, what is painted behind them."""
    wide, high, clips, view = _viewport(svg)
    unseen: set[Element] = set()
    grounds: list[tuple[tuple[float, float, float, float], str]] = []
    stack = [(child, view, 0) for child in reversed(svg.children)]
    for _ in range(_MOST):
        if not stack:
            return unseen
        element, around, depth = stack.pop()
        if element.tag == COMMENT:
            continue
        if element.tag == "rect":
            grounds += _ground(element, around)
        if element.tag not in _HOLDERS:
            continue
        here = _inside(element, around)
        if _unreadable(element) or depth >= _DEEPEST or not _spoken(element):
            unseen.add(element)
            continue
        if element.tag in {"text", "tspan", "foreignobject"}:
            middle = _middle(element, here)
            inside = middle is not None and (not clips or (-2 < middle[0] < wide and 0 < middle[1] < high))
            if not inside or (element.tag != "foreignobject" and _height(here) < 4):
                unseen.add(element)
                continue
            if behind := [paint for area, paint in grounds if middle is not None and _holds(area, middle)]:
                element.attrib = {**element.attrib, GROUND: behind[-1]}
        children = list(_shown_children(element))
        unseen.update(child for child in element.children if child not in children)
        stack += [(child, here, depth + 1) for child in reversed(children)]
    unseen.update(element for element, _, _ in stack if element.tag != COMMENT)
    return unseen


def _said(element: Element) -> dict[str, Value]:
    return {name: value for name, value, _ in parse_declarations(element.get("style") or "")}


def _pixels(value: object, base: float, usual: float) -> float:
    size = length(value.strip().lower()) if isinstance(value, str) else value
    return size.resolve(16.0, base) if isinstance(size, Length) else usual


def _viewport(svg: Element) -> tuple[float, float, bool, _View]:
    """Width and height of the drawing, whether it cuts off what lies outside, and what its view box makes of points."""
    said = _said(svg)
    wide = _pixels(said.get("width") or svg.get("width"), VIEWPORT_WIDTH, 300.0)
    high = _pixels(said.get("height") or svg.get("height"), 150.0, 150.0)
    clips = "visible" not in {str(said.get("overflow-x")), (svg.get("overflow") or "").strip()}
    box = [length(part) for part in (svg.get("viewbox") or "").replace(",", " ").split()]
    plane = FLAT
    if len(box) == 4 and all(box):
        x, y, across, down = (part.pixels for part in box if part)
        if across > 0 and down > 0:
            if not svg.get("height") and "height" not in said:
                high = wide * down / across
            scale = min(wide / across, high / down)
            left, top = (wide - across * scale) / 2, (high - down * scale) / 2
            plane = (scale, 0.0, left - x * scale, 0.0, scale, top - y * scale, 0.0, 0.0, 1.0)
    return wide, high, clips, _inside(svg, _View(plane, 16.0, *_extents(plane, wide, high)))


def _extents(plane: Plane, wide: float, high: float) -> tuple[float, float]:
    """What 100 % means in the coordinates of the drawing."""
    return wide / (plane[0] or 1.0), high / (plane[4] or 1.0)


def _inside(element: Element, around: _View) -> _View:
    said = _said(element)
    moves = said.get("transform") or element.get("transform")
    plane = within(around.plane, attribute_plane(moves)) if isinstance(moves, str) and "(" in moves else around.plane
    font = _pixels(said.get("font-size") or element.get("font-size"), around.font, around.font)
    found = replace(around, plane=plane, font=font)
    if element.tag in {"text", "tspan"}:
        kept = element.tag == "tspan"
        x = _first(element, "x", around.x if kept else 0.0, around.wide) + _first(element, "dx", 0.0, around.wide)
        y = _first(element, "y", around.y if kept else 0.0, around.high) + _first(element, "dy", 0.0, around.high)
        found = replace(found, x=x, y=y)
    return found


def _first(element: Element, name: str, usual: float, base: float) -> float:
    match = _FIRST(element.get(name) or "")
    return _pixels(match[0], base, usual) if match else usual


def _middle(element: Element, here: _View) -> tuple[float, float] | None:
    """About the middle of what is painted."""
    if element.tag == "foreignobject":
        bases = (here.wide, here.high)
        sides = [_first(element, name, 0.0, bases[at % 2]) for at, name in enumerate(("x", "y", "width", "height"))]
        if sides[2] <= 4 or sides[3] <= 4:
            return None
        return point(here.plane, sides[0] + min(8.0, sides[2]), sides[1] + min(8.0, sides[3]))
    shown = " ".join("".join(element.itertext()).split())
    wide = 0.5 * here.font * min(len(shown), 2_000)
    anchor = element.get("text-anchor", "start")
    start = here.x - {"middle": 0.5, "end": 1.0}.get(anchor, 0.0) * wide
    first = point(here.plane, start + min(wide, here.font), here.y - 0.3 * here.font)
    middle = point(here.plane, start + wide / 2, here.y - 0.3 * here.font)
    return middle if first is not None and first[0] > -2 else None


def _height(here: _View) -> float:
    """How high letters are once they are moved."""
    one, other = point(here.plane, here.x, here.y), point(here.plane, here.x, here.y - here.font)
    if one is None or other is None:
        return 0.0
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]))


def _unreadable(element: Element) -> bool:
    if any(child.tag == "set" or child.tag.startswith("animate") for child in element.children):
        return True
    if element.tag not in {"text", "tspan"}:
        return False
    spacing = _pixels(element.get("letter-spacing"), 0.0, 0.0)
    return not _UNREADABLE.isdisjoint(element.attrib) or not -4 < spacing < 60


def _spoken(element: Element) -> bool:
    language = (element.get("systemlanguage") or "en").lower()
    return any(one.strip().startswith("en") for one in language.split(","))


def _shown_children(element: Element) -> Iterator[Element]:
    """All of them, or of a ``switch`` the first that the reader's language takes."""
    for child in element.children:
        if child.tag != COMMENT and element.tag == "switch" and not _spoken(child):
            continue
        yield child
        if element.tag == "switch" and child.tag != COMMENT:
            return


def _ground(rect: Element, around: _View) -> list[tuple[tuple[float, float, float, float], str]]:
    """Where a rectangle lies and its colour in words, if it hides what is behind it."""
    here, said = _inside(rect, around), _said(rect)
    x, y = _first(rect, "x", 0.0, here.wide), _first(rect, "y", 0.0, here.high)
    wide, high = _pixels(rect.get("width"), here.wide, 0.0), _pixels(rect.get("height"), here.high, 0.0)
    corners = [point(here.plane, *corner) for corner in ((x, y), (x + wide, y + high))]
    fill = said.get("fill") or colour((rect.get("fill") or "black").strip().lower())
    faint = any(_pixels(rect.get(name), 1.0, 1.0) < 0.9 for name in ("opacity", "fill-opacity")) or "opacity" in said
    if None in corners or not isinstance(fill, tuple) or fill[3] < 0.9 or faint or _gone(rect, said):
        return []
    (left, top), (right, bottom) = (corner for corner in corners if corner is not None)
    return [((min(left, right), min(top, bottom), max(left, right), max(top, bottom)), _in_words(fill))]


def _gone(rect: Element, said: dict[str, Value]) -> bool:
    return (
        "display" in said
        or "visibility" in said
        or not {"display", "visibility", "class", "id"}.isdisjoint(rect.attrib)
    )


def _in_words(paint: RGBA) -> str:
    return f"rgb({paint[0]:.0f},{paint[1]:.0f},{paint[2]:.0f})"


def _holds(area: tuple[float, float, float, float], at: tuple[float, float]) -> bool:
    return area[0] <= at[0] <= area[2] and area[1] <= at[1] <= area[3]
