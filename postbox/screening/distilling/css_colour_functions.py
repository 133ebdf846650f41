"""Colour functions that take colours: ``color()``, ``color-mix()``, ``light-dark()``, relative colours (CSS Color 5).

Decides the colour, near enough to compare: mixing is done in sRGB whatever the space.
"""

from __future__ import annotations

import re

from postbox.screening.distilling.css_colours import RGBA, colour, schemed

_PART = re.compile(r"[a-z-]+\((?:[^()]|\([^()]*\))*\)|[^\s,()/]+|[,/]").findall
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%\Z").match
_RELATIVE = re.compile(r"(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|color)\(\s*from\s+(.+)\)\Z", re.S).match
_CHANNELS = frozenset({"r g b", "h s l", "h w b", "l a b", "l c h", "srgb r g b"})
_SPACES = frozenset({"srgb", "display-p3", "a98-rgb", "prophoto-rgb", "rec2020", "srgb-linear"})
_DEPTH = 4


def mixed_colour(value: str, depth: int = 0) -> RGBA | None:
    """The colour of a function in lower case; None where it cannot be told."""
    if depth > _DEPTH or len(value) > 400:
        return None
    plain = colour(value)
    if plain is not None:
        return plain
    name, _, inner = value.partition("(")
    inner = inner.removesuffix(")").strip()
    if match := _RELATIVE(value):
        return _relative(match[1], depth)
    if name == "light-dark":
        parts = [part for part in _PART(inner) if part != ","]
        found_both = [mixed_colour(part, depth + 1) for part in parts[:2]]
        light, dark = found_both if len(found_both) == 2 else (None, None)
        return schemed(light, dark) if light is not None and dark is not None else None
    if name == "color-mix":
        return _mixed(inner, depth)
    return _in_space(inner) if name == "color" else None


def _relative(inner: str, depth: int) -> RGBA | None:
    """The colour itself where its channels are merely repeated, with an alpha if one follows."""
    parts = _PART(inner)
    origin = mixed_colour(parts[0], depth + 1) if parts else None
    rest, _, alpha = " ".join(parts[1:]).partition("/")
    if origin is None or rest.strip() not in _CHANNELS:
        return None
    try:
        return (*origin[:3], float(alpha)) if alpha.strip() else origin
    except ValueError:
        return None


def _mixed(inner: str, depth: int) -> RGBA | None:
    found: list[tuple[RGBA, float | None]] = []
    share: float | None = None
    for part in _PART(inner.partition(",")[2]):
        if match := _PERCENT(part):
            if found and found[-1][1] is None and share is None:
                found[-1] = (found[-1][0], float(match[1]) / 100)
            else:
                share = float(match[1]) / 100
        elif part != ",":
            seen = mixed_colour(part, depth + 1)
            if seen is None:
                return None
            found.append((seen, share))
            share = None
    if len(found) != 2:
        return None
    (one, first), (other, second) = found
    first = 1 - second if first is None and second is not None else 0.5 if first is None else first
    first = first / ((first + second) or 1.0) if second is not None else first
    red, green, blue, alpha = (first * a + (1 - first) * b for a, b in zip(one, other, strict=True))
    return (red, green, blue, alpha)


def _in_space(inner: str) -> RGBA | None:
    parts = inner.replace("/", " ").split()
    if len(parts) not in {4, 5} or parts[0] not in _SPACES:
        return None
    try:
        numbers = [float(part[:-1]) / 100 if part.endswith("%") else float(part) for part in parts[1:]]
    except ValueError:
        return None
    red, green, blue = (255 * min(1.0, max(0.0, number)) for number in numbers[:3])
    return (red, green, blue, numbers[3] if len(numbers) > 3 else 1.0)
