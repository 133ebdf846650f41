"""Whether one colour can be read on another, and what opacity, filters and blending make of colours.

Decides from colours alone. It never looks at an element.
"""

from __future__ import annotations

import colorsys
import re
from functools import lru_cache

from postbox.screening.distilling.css_colours import RGBA
from postbox.screening.distilling.css_lengths import length, turns

NEAR = 20.0
_NEARISH = 24.0
_LOW_CONTRAST = 1.2
_FUNCTION = re.compile(r"([a-z-]+)\(([^()]*)\)").findall
_COLOUR_FILTERS = frozenset({"invert", "brightness", "contrast", "grayscale", "saturate", "sepia", "hue-rotate"})
_WEIGHTS = (0.2126, 0.7152, 0.0722)
_SEPIA = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))


@lru_cache(maxsize=4096)
def too_near(paint: RGBA, backdrop: RGBA) -> bool:
    """Whether paint on this backdrop cannot be told from it: nearly the same, or close and of the same luminance."""
    if paint[3] < 0.999:
        paint = blend(paint, paint[3], backdrop)
    apart = distance(paint, backdrop)
    if apart > _NEARISH:
        return False
    return apart <= NEAR or _contrast(paint, backdrop) < _LOW_CONTRAST


def distance(one: RGBA, other: RGBA) -> float:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]), abs(one[2] - other[2]))


def blend(over: RGBA, alpha: float, under: RGBA) -> RGBA:
    red, green, blue = (alpha * over[i] + (1 - alpha) * under[i] for i in range(3))
    return (red, green, blue, 1.0)


def _contrast(one: RGBA, other: RGBA) -> float:
    """The contrast ratio of WCAG 2.2."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(paint: RGBA) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in paint[:3]
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _lit(one: float, other: float) -> float:
    """A channel of ``hard-light``: multiplied where ``one`` is dark, screened where it is light."""
    return 2 * one * other / 255 if one <= 127.5 else 255 - 2 * (255 - one) * (255 - other) / 255


Filter = tuple[str, float]


def colour_filters(text: object) -> tuple[Filter, ...]:
    """The functions of a ``filter`` that change colours, with their amounts."""
    if not isinstance(text, str) or "(" not in text:
        return ()
    found = []
    for name, inner in _FUNCTION(text[:300]):
        if name in _COLOUR_FILTERS:
            size = length(inner.strip())
            amount = turns(inner.strip()) if name == "hue-rotate" else None
            found.append((name, amount if amount is not None else size.pixels + size.share if size else 1.0))
    return tuple(found)


def opaqueness(text: str) -> float:
    """What the ``opacity()`` functions of a ``filter`` leave."""
    left = 1.0
    for name, inner in _FUNCTION(text[:300]):
        if name == "opacity" and (size := length(inner.strip())) is not None:
            left *= min(1.0, max(0.0, size.pixels + size.share))
    return left


def filtered(paint: RGBA, filters: tuple[Filter, ...]) -> RGBA:
    """A colour after the filters (Filter Effects 1)."""
    red, green, blue, alpha = paint
    for name, amount in filters:
        if name == "invert":
            amount = min(1.0, amount)
            red, green, blue = (part + amount * (255 - 2 * part) for part in (red, green, blue))
        elif name == "brightness":
            red, green, blue = (min(255.0, part * amount) for part in (red, green, blue))
        elif name == "contrast":
            red, green, blue = (min(255.0, max(0.0, (part - 127.5) * amount + 127.5)) for part in (red, green, blue))
        elif name in {"grayscale", "saturate"}:
            grey = sum(weight * part for weight, part in zip(_WEIGHTS, (red, green, blue), strict=True))
            share = min(1.0, amount) if name == "grayscale" else 1.0 - amount
            red, green, blue = (_byte(part + share * (grey - part)) for part in (red, green, blue))
        elif name == "sepia":
            parts, share = (red, green, blue), min(1.0, amount)
            brown = [sum(weight * part for weight, part in zip(row, parts, strict=True)) for row in _SEPIA]
            red, green, blue = (_byte(a + share * (b - a)) for a, b in zip(parts, brown, strict=True))
        elif name == "hue-rotate":
            hue, light, full = colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)
            red, green, blue = (255 * part for part in colorsys.hls_to_rgb((hue + amount) % 1, light, full))
    return (red, green, blue, alpha)


def _byte(part: float) -> float:
    return min(255.0, max(0.0, part))


def blended(paint: RGBA, mode: str, backdrop: RGBA) -> RGBA:
    """A colour laid on a backdrop with ``mix-blend-mode`` (Compositing 1); modes not known here are normal."""
    pairs = list(zip(paint[:3], backdrop[:3], strict=True))
    if mode == "multiply":
        mixed = [one * other / 255 for one, other in pairs]
    elif mode == "screen":
        mixed = [one + other - one * other / 255 for one, other in pairs]
    elif mode in {"darken", "lighten"}:
        mixed = [(min if mode == "darken" else max)(one, other) for one, other in pairs]
    elif mode in {"difference", "exclusion"}:
        mixed = [abs(one - other) for one, other in pairs]
    elif mode in {"color-dodge", "plus-lighter"}:
        mixed = [other if not one else min(255.0, one + other) for one, other in pairs]
    elif mode in {"overlay", "hard-light"}:
        mixed = [_lit(*(pair if mode == "hard-light" else pair[::-1])) for pair in pairs]
    elif mode in {"color-burn", "soft-light"}:
        mixed = [other if other >= 255 else _byte(one + other - 255) for one, other in pairs]
    elif mode in {"hue", "saturation", "color"}:
        mixed = list(backdrop[:3])
    else:
        return paint
    return (mixed[0], mixed[1], mixed[2], paint[3])
