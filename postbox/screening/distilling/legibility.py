"""Whether one colour can be read on another, and what opacity, filters and blending make of colours.

Decides from colours alone. It never looks at an element.
"""

from __future__ import annotations

import re
from functools import lru_cache

from postbox.screening.distilling.css_colours import RGBA
from postbox.screening.distilling.css_lengths import length

NEAR = 20.0
_NEARISH = 24.0
_LOW_CONTRAST = 1.2
_FUNCTION = re.compile(r"([a-z-]+)\(([^()]*)\)").findall
_COLOUR_FILTERS = frozenset({"invert", "brightness", "contrast", "grayscale", "saturate", "sepia"})


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


Filter = tuple[str, float]


def colour_filters(text: object) -> tuple[Filter, ...]:
    """The functions of a ``filter`` that change colours, with their amounts."""
    if not isinstance(text, str) or "(" not in text:
        return ()
    found = []
    for name, inner in _FUNCTION(text[:300]):
        if name in _COLOUR_FILTERS:
            size = length(inner.strip())
            found.append((name, size.pixels + size.share if size else 1.0))
    return tuple(found)


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
        elif name == "grayscale":
            grey = 0.2126 * red + 0.7152 * green + 0.0722 * blue
            red, green, blue = (part + min(1.0, amount) * (grey - part) for part in (red, green, blue))
    return (red, green, blue, alpha)


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
    else:
        return paint
    return (mixed[0], mixed[1], mixed[2], paint[3])
