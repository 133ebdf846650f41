"""What values of properties mean that say what is painted: backgrounds, filters, shadows, strokes, generated text.

Decides which values are valid and their type, as ``property_values`` does for the others.
"""

from __future__ import annotations

import re

from postbox.screening.distilling.css_colours import TRANSPARENT
from postbox.screening.distilling.css_lengths import length
from postbox.screening.distilling.property_values import WORDS, Value, colour_value
from postbox.screening.distilling.words import words


def background(_name: str, value: str) -> list[tuple[str, Value]]:
    shown: Value = TRANSPARENT
    clip = "border-box"
    said = WORDS(value)
    for word in said:
        if word in _BACKGROUND:
            clip = word if word == "text" else clip
        elif (found := colour_value(word)) is not None:
            shown = found
        elif "(" not in word and length(word) is None:
            return []
    if not said:
        return []
    picture = value if "gradient(" in value or "url(" in value else "none"
    parts: list[tuple[str, Value]] = [
        ("background-color", shown),
        ("background-image", picture),
        ("background-clip", clip),
    ]
    return parts if picture == "none" else [*parts, ("-picture-size", False), ("-picture-position", False)]


_BACKGROUND = frozenset(
    words(
        """
    none , / repeat no-repeat repeat-x repeat-y space round scroll fixed local left right top bottom center cover
    contain auto border-box padding-box content-box border-area text
    """
    )
)


def background_extent(_name: str, value: str) -> list[tuple[str, Value]]:
    """``background-size`` and ``background-position``: whether a picture lies behind the text at all."""
    sizes = [length(word) for word in value.split()]
    small = _name.endswith("size") and any(
        size is not None and 0 <= size.pixels < 10 and not size.share for size in sizes
    )
    away = not _name.endswith("size") and any(size is not None and abs(size.pixels) >= 500 for size in sizes)
    return [("-picture-" + _name[11:], small or away)]


def filters(name: str, value: str) -> list[tuple[str, Value]]:
    """A list of filters is only taken with all its names known."""
    names = _NAMES(value)
    return [(name, value)] if value == "none" or (names and all(one in _FILTERS for one in names)) else []


_NAMES = re.compile(r"([a-z-]+)\(").findall
_FILTERS = frozenset(
    words(
        """
    blur brightness contrast drop-shadow grayscale hue-rotate invert opacity saturate sepia url calc min max clamp
    rgb rgba hsl hsla hwb lab lch oklab oklch color color-mix light-dark
    """
    )
)


def shadow(name: str, value: str) -> list[tuple[str, Value]]:
    """The colour of the first shadow that is sharp enough to be read, or ``none``."""
    for one in _SHADOWS(value):
        if one == "none" or _FAR_OFFSET(one):
            continue
        said = WORDS(one)
        sizes = [found for word in said if (found := length(word)) is not None]
        if len(sizes) > 2 and (sizes[2].pixels > _BLURRED or sizes[2].fonts > 0.5):
            continue
        paints = [seen for word in said if (seen := colour_value(word)) is not None]
        if paints and isinstance(paints[0], tuple) and paints[0][3] < 0.1:
            continue
        return [(name, paints[0] if paints else "currentcolor")]
    return [(name, "none")]


_BLURRED = 8.0
_SHADOWS = re.compile(r"(?>(?:[^,()]++|\((?>(?:[^()]++|\([^()]*\))*)\))+)").findall


_FAR_OFFSET = re.compile(r"(?<![\d.#a-f])\d{3,}(?:\.\d+)?(?:px|em|v[wh]|pt)").search


def stroke_colour(_name: str, value: str) -> list[tuple[str, Value]]:
    found = colour_value(value)
    return [("-webkit-text-stroke", found)] if found is not None else []


def stroke(_name: str, value: str) -> list[tuple[str, Value]]:
    wide = 0.0
    paint: Value = "currentcolor"
    for word in WORDS(value):
        found = length(word)
        if found is not None:
            wide = found.pixels
        elif (seen := colour_value(word)) is not None:
            paint = seen
    return [("-webkit-text-stroke", paint if wide > 0.2 else "none")]


def content_parts(raw: str) -> list[tuple[str, Value]]:
    """``content`` of a pseudo-element: strings, and attributes to be read from the element."""
    parts: list[tuple[str, str]] = []
    for match in _CONTENT(raw[:4_000]):
        if match["slash"]:
            break
        if match["string"] is not None:
            parts.append(("text", match["string"][1:-1] if len(match["string"]) > 1 else ""))
        elif match["attribute"]:
            parts.append(("attribute", match["attribute"].lower()))
        elif match["word"].lower() in {"none", "normal"}:
            return [("content", ())]
        elif match["word"].lower().startswith(("url(", "image-set(")) and not parts:
            parts.append(("picture", ""))
        elif match["word"].lower() in {"open-quote", "close-quote"}:
            parts.append(("text", '"'))
    return [("content", tuple(parts))]


_CONTENT = re.compile(
    r"(?P<string>\"(?>(?:[^\"\\]++|\\.)*)\"?|'(?>(?:[^'\\]++|\\.)*)'?)|attr\(\s*(?P<attribute>[\w-]+)[^)]*\)|(?P<slash>/)|(?P<word>[\w-]+(?:\([^)]*\))?)",
    re.S | re.I,
).finditer
