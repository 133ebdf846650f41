"""The basic shapes of ``clip-path`` and the rectangle of ``clip`` (CSS Shapes 1, CSS Masking 1) as polygons.

Decides where a shape's edge lies. It never decides what it cuts off.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from postbox.screening.distilling.css_lengths import length
from postbox.screening.distilling.matrices import FLAT, Plane, point

Points = list[tuple[float, float]]
_SHAPE = re.compile(r"([a-z]+)\(((?>(?:[^()]++|\((?>(?:[^()]++|\([^()]*\))*)\))*))\)").search
_WORD = re.compile(r"(?>(?:[^\s,()]++|\((?>(?:[^()]++|\([^()]*\))*)\))+)").findall
_COMMAND = re.compile(r"([a-z])([^a-z]*)", re.I).findall
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)").findall
_SIDES = {"left": "0%", "top": "0%", "center": "50%", "right": "100%", "bottom": "100%"}
_CORNERS = 24
_MOST_POINTS = 200


def clip_edges(declared: Mapping[str, Any], box: tuple[float, float, float, float], font: float) -> list[Points]:
    """The polygons that ``clip-path`` and ``clip`` leave of a box at x, y of this width and height."""
    found = []
    path = declared.get("clip-path")
    if isinstance(path, str) and (match := _SHAPE(path[:2_000])) and (edge := _edge(match[1], match[2], box, font)):
        found.append(edge)
    clip = declared.get("clip")
    if isinstance(clip, str) and clip[:5] == "rect(" and declared.get("position") in {"absolute", "fixed"}:
        words = clip[5:].rstrip(")").replace(",", " ").split()
        if len(words) == 4:
            found.append(_rectangle(words, box, font))
    return found


def inside(edge: Points, x: float, y: float) -> bool:
    """Whether a point lies in a polygon."""
    held = False
    for (ax, ay), (bx, by) in zip(edge, edge[1:] + edge[:1], strict=True):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            held = not held
    return held


def moved(edge: Points, plane: Plane) -> Points:
    """A polygon under a transform; nothing of it where a part is behind the eye."""
    if plane is FLAT:
        return edge
    found = [point(plane, x, y) for x, y in edge]
    return [one for one in found if one is not None] if None not in found else []


def _edge(name: str, inner: str, box: tuple[float, float, float, float], font: float) -> Points | None:
    x, y, width, height = box
    words = _WORD(inner.partition(" round ")[0])
    if name == "inset" and words:
        sides = [length(word) for word in words[:4]]
        chosen = [
            sides[0],
            sides[1 % len(sides)],
            sides[2 if len(sides) > 2 else 0],
            sides[-1 if len(sides) != 3 else 1],
        ]
        top, right, bottom, left = (
            side.resolve(font, base) if side else 0.0
            for side, base in zip(chosen, (height, width, height, width), strict=True)
        )
        return _corners(x + left, y + top, x + width - right, y + height - bottom)
    if name == "rect" and len(words) == 4:
        return _rectangle(words, box, font)
    if name == "xywh" and len(words) == 4:
        left, top, wide, high = _resolved(words, (width, height, width, height), font)
        return _corners(x + left, y + top, x + left + wide, y + top + high)
    if name in {"circle", "ellipse"}:
        return _round(name, inner, box, font)
    if name == "polygon":
        numbers = _resolved([word for word in words if word not in {"evenodd", "nonzero"}], (width, height), font)
        return [(x + across, y + down) for across, down in zip(numbers[::2], numbers[1::2], strict=False)][
            :_MOST_POINTS
        ]
    return _path(inner, x, y) if name == "path" else None


def _rectangle(words: Sequence[str], box: tuple[float, float, float, float], font: float) -> Points:
    """Four edges, each counted from the top left; ``auto`` is the box's own."""
    x, y, width, height = box
    own = (0.0, width, height, 0.0)
    found = [length(word) for word in words]
    top, right, bottom, left = (
        one.resolve(font, base) if one else auto
        for one, base, auto in zip(found, (height, width, height, width), own, strict=True)
    )
    return _corners(x + left, y + top, x + right, y + bottom)


def _corners(left: float, top: float, right: float, bottom: float) -> Points:
    right, bottom = max(left, right), max(top, bottom)
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _resolved(words: Sequence[str], bases: Sequence[float], font: float) -> list[float]:
    found = [length(word) for word in words[: 2 * _MOST_POINTS]]
    return [one.resolve(font, bases[index % len(bases)]) if one else 0.0 for index, one in enumerate(found)]


def _round(name: str, inner: str, box: tuple[float, float, float, float], font: float) -> Points:
    x, y, width, height = box
    radii, _, place = f" {inner} ".partition(" at ")
    at = [_SIDES.get(word, word) for word in _WORD(place)[:2]] or ["50%", "50%"]
    cx, cy = _resolved([*at, "50%"][:2], (width, height), font)
    across, down = (sorted((cx, width - cx), key=abs), sorted((cy, height - cy), key=abs))
    diagonal = math.hypot(width, height) / math.sqrt(2)
    sizes = []
    for index, word in enumerate((_WORD(radii) or ["closest-side"])[:2]):
        near = min(across[0], down[0], key=abs) if name == "circle" else (across, down)[index][0]
        far = max(across[1], down[1], key=abs) if name == "circle" else (across, down)[index][1]
        size = length(word)
        base = diagonal if name == "circle" else (width, height)[index]
        sizes.append(size.resolve(font, base) if size else abs(far if word == "farthest-side" else near))
    wide, high = sizes[0], sizes[-1]
    turns = [2 * math.pi * step / _CORNERS for step in range(_CORNERS)]
    return [(x + cx + wide * math.cos(turn), y + cy + high * math.sin(turn)) for turn in turns]


def _path(inner: str, x: float, y: float) -> Points:
    """The corners of an SVG path; of a curve only where it ends."""
    at, found = [0.0, 0.0], Points()
    for command, rest in _COMMAND(inner.split("'")[1] if "'" in inner else inner.replace('"', " "))[:_MOST_POINTS]:
        numbers = [float(number) for number in _NUMBER(rest)[: 2 * _MOST_POINTS]]
        step = {"h": 1, "v": 1, "m": 2, "l": 2, "t": 2, "q": 4, "s": 4, "c": 6, "a": 7}.get(command.lower(), 0)
        for index in range(0, len(numbers) - step + 1, step) if step else ():
            end = numbers[index : index + step]
            from_here = at if command.islower() else [0.0, 0.0]
            if step == 1:
                axis = "hv".index(command.lower())
                at[axis] = from_here[axis] + end[0]
            else:
                at = [from_here[0] + end[-2], from_here[1] + end[-1]]
            found.append((x + at[0], y + at[1]))
    return found
