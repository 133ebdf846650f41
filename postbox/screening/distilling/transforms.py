"""Whether a transform moves a box off the page, flattens it, or turns it out of sight.

Decides from declared values alone, so each threshold lies well beyond what honest mail uses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from postbox.screening.distilling.css_lengths import Length, length

FAR_RIGHT = 2_000.0
FAR_MARGIN = -500.0
FAR_UP = -1_000.0
FAR_DOWN = 5_000.0
TINY_SCALE = 0.05
_FUNCTION = re.compile(r"([a-z0-9-]+)\(([^()]*)\)").findall
_FAR_IN_CALC = re.compile(r"-\s*[1-9]\d{2,}(?:\.\d+)?(?:px|%|v[wh]|em)").search
_FAR_ORIGIN = re.compile(r"\d{4,}px|[5-9]\d{2}px|\d{3,}(?:%|em|v[wh])").search

Declared = Mapping[str, Any]


def transformed_away(declared: Declared, font: float) -> bool:
    """Whether a transform, or ``translate``, ``scale`` and ``rotate``, takes the box away."""
    text = declared.get("transform")
    if isinstance(text, str) and "(" in text:
        if "calc(" in text and _FAR_IN_CALC(text[:500]):
            return True
        if "transform-origin" in declared and _FAR_ORIGIN(str(declared["transform-origin"])[:200]):
            return True
        if "perspective(" in text and "translatez(" in text:
            return _behind_the_eye(text)
        for name, inner in _FUNCTION(text[:500]):
            arguments = inner.replace(",", " ").split()
            if _function_away(name, arguments, font) or (name in {"rotate", "rotatez"} and _swung(declared, arguments)):
                return True
    if _turned_away(declared):
        return True
    for name in ("translate", "scale"):
        text = declared.get(name)
        if isinstance(text, str) and text != "none" and _function_away(name, text.split(), font):
            return True
    return False


def _swung(declared: Declared, arguments: list[str]) -> bool:
    """Whether a box as wide as the page is turned so far that the start of its text swings off it."""
    if not _PLACED.isdisjoint(declared):
        return False
    turns = _turns(arguments[-1]) if arguments else None
    return turns is not None and 0.08 < turns % 0.5 < 0.42


_PLACED = frozenset({"display", "position", "float", "width", "max-width", "transform-origin"})


def _behind_the_eye(text: str) -> bool:
    found = {name: length(inner.strip()) for name, inner in _FUNCTION(text[:500])}
    eye, near = found.get("perspective"), found.get("translatez")
    return eye is not None and near is not None and near.pixels >= eye.pixels > 0


def _turned_away(declared: Declared) -> bool:
    """Seen from the edge, from behind where that is not painted, or along a path that leads off the page."""
    turn, text = declared.get("rotate"), str(declared.get("transform", ""))
    words = turn.split() if isinstance(turn, str) else []
    if ("x" in words or "y" in words) and any(_edge_on("rotatex", [word]) for word in words):
        return True
    if declared.get("backface-visibility") == "hidden" and re.search(
        r"rotate[xy]\(\s*-?180deg|rotate[xy]\(\s*\.?0?\.5turn", text
    ):
        return True
    path = declared.get("offset-path")
    return isinstance(path, str) and bool(re.search(r"-\d{3,}", path[:500]))


def _function_away(name: str, arguments: list[str], font: float) -> bool:
    sizes = [length(argument) for argument in arguments]
    if name.startswith("skew"):
        return any(_edge_on("rotatex", [argument]) for argument in arguments)
    if name == "rotate3d" and len(arguments) == 4:
        axis = [float(size.pixels) if size else 0.0 for size in sizes[:3]]
        return (axis[2] == 0 and any(axis)) and _edge_on("rotatex", arguments)
    if name == "matrix3d" and len(sizes) == 16:
        x, y = (sizes[index].pixels if sizes[index] else 0.0 for index in (12, 13))  # type: ignore[union-attr]
        return not -400 < x < FAR_RIGHT or not FAR_UP < y < FAR_DOWN
    if not sizes or sizes[0] is None:
        return name.startswith("rotate") and name != "rotatez" and bool(arguments) and _edge_on(name, arguments)
    if name in {"translate", "translate3d", "translatex"}:
        return _shifted(sizes[0], font, sideways=True) or (
            len(sizes) > 1 and sizes[1] is not None and _shifted(sizes[1], font, sideways=False)
        )
    if name == "translatey":
        return _shifted(sizes[0], font, sideways=False)
    if name.startswith("scale") and name != "scalez":
        return any(size is not None and abs(size.pixels + size.share) <= TINY_SCALE for size in sizes[:2])
    if name == "matrix" and len(sizes) == 6:
        a, b, c, d, x, y = (size.pixels if size else 0.0 for size in sizes)
        return abs(a * d - b * c) <= TINY_SCALE**2 or x <= FAR_MARGIN or x >= FAR_RIGHT or y <= FAR_UP
    return False


def _shifted(size: Length, font: float, *, sideways: bool) -> bool:
    """Percentages mean the box's own size: its width to the left is off the page, its height upwards only perhaps."""
    pixels = size.resolve(font, 0.0)
    if sideways:
        return pixels <= FAR_MARGIN or pixels >= FAR_RIGHT or size.share <= -1 or size.share >= 2
    return pixels <= FAR_UP or pixels >= FAR_DOWN or size.share <= -10 or size.share >= 50


def _edge_on(name: str, arguments: list[str]) -> bool:
    """A quarter turn about an axis in the page's plane leaves nothing to see."""
    turns = _turns(arguments[-1]) if name in {"rotatex", "rotatey"} else None
    return turns is not None and abs((turns % 0.5) - 0.25) < 0.005


def _turns(angle: str) -> float | None:
    match = re.fullmatch(r"([+-]?(?:\d{1,6}(?:\.\d{1,6})?|\.\d{1,6}))(deg|turn|rad|grad)", angle)
    return float(match[1]) / {"deg": 360.0, "turn": 1.0, "rad": 6.283185, "grad": 400.0}[match[2]] if match else None
