"""Transforms as matrices (CSS Transforms 1 and 2): where a point of a box comes to lie on the page.

Decides the matrix of declared values. It never decides whether what is moved can be seen.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from postbox.screening.distilling.css_lengths import Length, length, turns
from postbox.screening.distilling.words import words

Matrix = tuple[float, ...]
"""Four rows of four; points are columns (x, y, z, 1)."""
Plane = tuple[float, ...]
"""Three rows of three: a matrix for points of the page, after which depth is gone."""

IDENTITY: Matrix = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)
FLAT: Plane = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
_FLATTENED: Matrix = (0.0,) * 15 + (1.0,)
_ARGUMENTS = {
    "matrix": (6,), "matrix3d": (16,), "translate": (1, 2), "translate3d": (3,), "scale": (1, 2), "scale3d": (3,),
    "rotate3d": (4,), "skew": (1, 2), **dict.fromkeys(
        words(
            """
    translatex translatey translatez scalex scaley scalez rotate rotatex rotatey rotatez skewx skewy perspective
    """
        ), (1,)
    ),
}  # fmt: skip
"""How many arguments each function takes."""
_FUNCTION = re.compile(r"([a-z0-9]+)\(((?>(?:[^()]++|\((?>(?:[^()]++|\([^()]*\))*)\))*))\)").findall
_ARGUMENT = re.compile(r"(?>(?:[^\s,()]++|\((?>(?:[^()]++|\([^()]*\))*)\))+)").findall
_SIDES = {"left": 0.0, "top": 0.0, "center": 0.5, "right": 1.0, "bottom": 1.0}
_FAR = 1e7


def functions(text: str) -> list[tuple[str, list[str]]]:
    """The functions of a ``transform`` with their arguments."""
    return [(name, _ARGUMENT(inner)) for name, inner in _FUNCTION(text[:1_000])]


def understood(text: str) -> bool:
    """Whether a ``transform`` is one that browsers take."""
    found = functions(text)
    return bool(found) and all(len(arguments) in _ARGUMENTS.get(name, ()) for name, arguments in found)


def transform_of(declared: Mapping[str, Any], font: float, width: float, height: float) -> Matrix | None:
    """What ``translate``, ``rotate``, ``scale`` and ``transform`` do to a box of this size; None without any."""
    if _MOVING.isdisjoint(declared):
        return None
    steps = [
        (name, _axis(str(declared[name]).split()) if name == "rotate" else str(declared[name]).split())
        for name in ("translate", "rotate", "scale")
        if str(declared.get(name, "none")) not in _NONE
    ]
    text = declared.get("transform")
    if isinstance(text, str) and "(" in text:
        steps += functions(text)
    if not steps:
        return None
    found = IDENTITY
    for name, arguments in steps:
        found = _product(found, _step(name, arguments, font, width, height))
    x, y = _origin(declared.get("transform-origin"), font, width, height)
    return _product(_product(_shift(x, y), found), _shift(-x, -y)) if x or y else found


_MOVING = frozenset({"translate", "rotate", "scale", "transform"})


def attribute_plane(text: str) -> Plane:
    """A ``transform`` as SVG writes it: angles in degrees, and turns about a point."""
    found = IDENTITY
    for name, arguments in functions(text.lower()):
        if name == "rotate" and len(arguments) == 3:
            x, y = (_number(argument) for argument in arguments[1:])
            turned = _step(name, [_degrees(arguments[0])], 16.0, 0.0, 0.0)
            step = _product(_product(_shift(x, y), turned), _shift(-x, -y))
        else:
            angled = name.startswith(("rotate", "skew"))
            step = _step(name, [_degrees(one) for one in arguments] if angled else arguments, 16.0, 0.0, 0.0)
        found = _product(found, step)
    return on_page(found)


def _degrees(argument: str) -> str:
    return argument if argument[-1:].isalpha() else f"{argument}deg"


def _number(argument: str) -> float:
    size = length(argument)
    return size.pixels if size else 0.0


_NONE = frozenset({"none", "initial", "unset", "revert", "revert-layer", "inherit"})


def perspective(distance: float, x: float, y: float) -> Matrix:
    """What is seen from so far in front of a point."""
    seen = (*IDENTITY[:14], -1.0 / max(1.0, distance), 1.0)
    return _product(_product(_shift(x, y), seen), _shift(-x, -y))


def _axis(words: list[str]) -> list[str]:
    """``rotate`` as arguments of ``rotate3d``."""
    axes = {"x": ["1", "0", "0"], "y": ["0", "1", "0"], "z": ["0", "0", "1"]}
    named = [word for word in words if word in axes]
    if named:
        return axes[named[0]] + [word for word in words if word not in axes]
    return words if len(words) == 4 else ["0", "0", "1", *words]


def _origin(value: object, font: float, width: float, height: float) -> tuple[float, float]:
    words = str(value).split()[:2] if isinstance(value, str) else []
    if len(words) == 2 and (words[0] in {"top", "bottom"} or words[1] in {"left", "right"}):
        words.reverse()
    if len(words) == 1 and words[0] in {"top", "bottom"}:
        words.insert(0, "center")
    shares = [Length(share=_SIDES[word]) if word in _SIDES else length(word) or Length(share=0.5) for word in words]
    shares += [Length(share=0.5)] * (2 - len(shares))
    return shares[0].resolve(font, width), shares[1].resolve(font, height)


def _shift(x: float, y: float, z: float = 0.0) -> Matrix:
    return (1.0, 0.0, 0.0, x, 0.0, 1.0, 0.0, y, 0.0, 0.0, 1.0, z, 0.0, 0.0, 0.0, 1.0)


def _scale(x: float, y: float, z: float = 1.0) -> Matrix:
    return (x, 0.0, 0.0, 0.0, 0.0, y, 0.0, 0.0, 0.0, 0.0, z, 0.0, 0.0, 0.0, 0.0, 1.0)


def _step(name: str, arguments: list[str], font: float, width: float, height: float) -> Matrix:
    """The matrix of one function; one that is not understood leaves nothing to see."""
    bases = {"translatey": (height,), "translate": (width, height), "translate3d": (width, height, 0.0)}
    base = bases.get(name, (width,))
    sizes = [length(argument) for argument in arguments]
    values = [
        size.resolve(font, base[index] if index < len(base) else 0.0) if size else math.nan
        for index, size in enumerate(sizes)
    ]
    plain = [size.pixels + size.share if size else math.nan for size in sizes]
    angle = turns(arguments[-1]) if arguments else None
    if name in {"rotate", "rotatez", "rotatex", "rotatey", "rotate3d"}:
        axis = plain[:3] if len(arguments) == 4 else [float(one == (name[6:] or "z")) for one in "xyz"]
        if angle is None or any(math.isnan(part) for part in axis):
            return _FLATTENED
        return _rotation(axis, angle) if any(axis) else IDENTITY
    if name.startswith("skew"):
        return _skew(name, [turns(argument) for argument in arguments])
    if any(math.isnan(value) for value in values) or not values:
        return IDENTITY if name == "perspective" else _FLATTENED
    if name.startswith("translate"):
        if name[-1] in "xyz":
            return _shift(*(values[0] if name[-1] == one else 0.0 for one in "xyz"))
        return _shift(*(values + [0.0, 0.0])[:3])
    if name.startswith("scale"):
        if name in {"scalex", "scaley", "scalez"}:
            return _scale(*(plain[0] if name[-1] == one else 1.0 for one in "xyz"))
        return _scale(plain[0], plain[1] if len(plain) > 1 else plain[0], plain[2] if len(plain) > 2 else 1.0)
    if name == "perspective":
        return perspective(values[0], 0.0, 0.0)
    if name == "matrix" and len(plain) == 6:
        a, b, c, d, x, y = plain
        return (a, c, 0.0, x, b, d, 0.0, y, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    if name == "matrix3d" and len(plain) == 16:
        return tuple(plain[column * 4 + row] for row in range(4) for column in range(4))
    return _FLATTENED


def _skew(name: str, angles: Sequence[float | None]) -> Matrix:
    if not angles or any(angle is None or abs(angle % 0.5 - 0.25) < 0.005 for angle in angles):
        return _FLATTENED
    slants = [math.tan(2 * math.pi * (angle or 0.0)) for angle in angles]
    across = 0.0 if name == "skewy" else slants[0]
    down = slants[0] if name == "skewy" else slants[1] if len(slants) > 1 else 0.0
    return (1.0, across, 0.0, 0.0, down, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def _rotation(axis: Sequence[float], angle: float) -> Matrix:
    size = math.hypot(*axis)
    x, y, z = (part / size for part in axis)
    cos, sin = math.cos(2 * math.pi * angle), math.sin(2 * math.pi * angle)
    rest = 1 - cos
    return (
        cos + x * x * rest, x * y * rest - z * sin, x * z * rest + y * sin, 0.0,
        y * x * rest + z * sin, cos + y * y * rest, y * z * rest - x * sin, 0.0,
        z * x * rest - y * sin, z * y * rest + x * sin, cos + z * z * rest, 0.0,
        0.0, 0.0, 0.0, 1.0,
    )  # fmt: skip


def _product(one: Matrix, other: Matrix) -> Matrix:
    return tuple(
        max(-_FAR, min(_FAR, sum(one[4 * row + inner] * other[4 * inner + column] for inner in range(4))))
        for row in range(4)
        for column in range(4)
    )


def seen_through(lens: Matrix, found: Matrix) -> Matrix:
    """A transform under a perspective."""
    return _product(lens, found)


def on_page(found: Matrix) -> Plane:
    """The matrix for points of the box itself, whose depth is 0."""
    return tuple(found[4 * row + column] for row in (0, 1, 3) for column in (0, 1, 3))


def within(outer: Plane, inner: Plane) -> Plane:
    """First the inner, then the outer."""
    return tuple(
        sum(outer[3 * row + step] * inner[3 * step + column] for step in range(3))
        for row in range(3)
        for column in range(3)
    )


def shrinks_to_nothing(plane: Plane, least: float) -> bool:
    """Whether letters under this have next to no extent in some direction."""
    a, b, _, c, d, _, _, _, depth = plane
    area = abs(a * d - b * c)
    longest = max(math.hypot(a, c), math.hypot(b, d))
    return depth <= 0 or longest <= least * depth or area <= least * longest * depth


def seen_from_behind(found: Matrix) -> bool:
    """Whether the back of a box is turned to the reader."""
    a, b, _, c, d, _, _, _, _ = on_page(found)
    return (a * d - b * c) * volume(found) < 0


def volume(found: Matrix) -> float:
    """What becomes of a unit of space; Chromium paints nothing where that is 0."""
    a, b, c, _, d, e, f, _, g, h, i = found[:11]
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def point(plane: Plane, x: float, y: float) -> tuple[float, float] | None:
    """Where a point comes to lie; None behind the reader's eye."""
    depth = plane[6] * x + plane[7] * y + plane[8]
    if depth <= 1e-9:
        return None
    return (plane[0] * x + plane[1] * y + plane[2]) / depth, (plane[3] * x + plane[4] * y + plane[5]) / depth
