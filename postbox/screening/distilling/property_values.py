"""What values of properties mean, for the properties that decide whether text is painted.

Decides which values are valid and their type; an invalid one gives nothing. It never splits a declaration block.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from postbox.screening.distilling.css_colour_functions import mixed_colour
from postbox.screening.distilling.css_colours import RGBA, TRANSPARENT, Hashless, colour
from postbox.screening.distilling.css_lengths import length
from postbox.screening.distilling.matrices import understood
from postbox.screening.distilling.words import words

Value = Any
"""A keyword (str), a ``Length``, an ``RGBA`` tuple, a number, or ``Unresolved`` text with ``var()`` in it."""

WORDS = re.compile(r"[^\s(),/]*\([^()]*(?:\([^()]*\)[^()]*)*\)|[^\s,/]+|[,/]").findall

Parser = Callable[[str, str], list[tuple[str, Value]]]


def keyword(*words: str) -> Parser:
    known = frozenset(words)
    return lambda name, value: [(name, value)] if value in known else []


def colour_of(name: str, value: str) -> list[tuple[str, Value]]:
    found = colour_value(value)
    if found is None and name in {"color", "background-color"} and _DIGITS(value):
        found = Hashless(colour(f"#{value}") or TRANSPARENT)
    return [(name, found)] if found is not None else []


def colour_value(value: str) -> RGBA | str | None:
    """A colour or ``currentcolor``; transparent for a function not known here: what is not understood is not shown."""
    if value == "currentcolor":
        return value
    found = colour(value)
    if found is None and value.startswith(("color(", "color-mix(", "light-dark(", "device-cmyk(", "contrast-color(")):
        return mixed_colour(value) or (TRANSPARENT if value.endswith(")") else None)
    if found is None and "(from " in value:
        return mixed_colour(value) or TRANSPARENT
    return found


_DIGITS = re.compile(r"(?:[0-9a-f]{3}|[0-9a-f]{6})\Z").match


def colour_or_none(name: str, value: str) -> list[tuple[str, Value]]:
    return [(name, TRANSPARENT)] if value == "none" else colour_of(name, value)


def size(name: str, value: str) -> list[tuple[str, Value]]:
    found = length(value)
    if found is None:
        return [(name, value)] if value in _SIZE_WORDS else []
    return [(name, found)]


def spacing(_name: str, value: str) -> list[tuple[str, Value]]:
    """``border-spacing``: one length, or one across and one down."""
    return pair("-spacing-x", "-spacing-y")("", value)


def gaps(_name: str, value: str) -> list[tuple[str, Value]]:
    """``gap``: one length, or one between rows and one between columns."""
    return pair("row-gap", "column-gap")("", value)


def aligned(name: str, value: str) -> list[tuple[str, Value]]:
    """``vertical-align``: a keyword or how far to raise."""
    found = length(value)
    return [(name, value if found is None else found)] if found is not None or value in _ALIGNMENTS else []


_ALIGNMENTS = frozenset({"baseline", "sub", "super", "top", "text-top", "middle", "bottom", "text-bottom"})
_SIZE_WORDS = frozenset({"auto", "none", "normal", "min-content", "max-content", "fit-content"})
_FONT_WORDS = frozenset(
    words(
        """
    xx-small x-small small medium large x-large xx-large xxx-large smaller larger
    """
    )
)


def font_size(name: str, value: str) -> list[tuple[str, Value]]:
    if value in _FONT_WORDS:
        return [(name, value)]
    found = length(value)
    if found is None or found.pixels < 0 or found.fonts < 0 or found.share < 0:
        return []
    return [(name, found)]


_SYSTEM_FONTS = frozenset({"caption", "icon", "menu", "message-box", "small-caption", "status-bar"})


def font(_name: str, value: str) -> list[tuple[str, Value]]:
    if value in _SYSTEM_FONTS:
        return [("font-size", length("13.333px")), ("line-height", "normal")]
    words = WORDS(value)
    for index, word in enumerate(words):
        if index and words[index - 1] == "/":
            continue
        if found := font_size("font-size", word):
            if word.isdigit() and word != "0":
                continue
            after = words[index + 1 : index + 3]
            spacing = size("line-height", after[1]) if after[:1] == ["/"] and len(after) > 1 else []
            if len(words) <= index + (3 if after[:1] == ["/"] else 1):
                return []
            return found + (spacing or [("line-height", "normal")])
    return []


def adjustment(name: str, value: str) -> list[tuple[str, Value]]:
    """``font-size-adjust``: a share of the font size, after the name of what is measured."""
    return number(name, value.split()[-1]) if value else []


def number(name: str, value: str) -> list[tuple[str, Value]]:
    found = length(value)
    if found is None or found.fonts:
        return []
    return [(name, found.pixels if found.bare else found.share)]


def lines(name: str, value: str) -> list[tuple[str, Value]]:
    return number(name, value) if value.isdigit() and value.strip("0") else []


def text(name: str, value: str) -> list[tuple[str, Value]]:
    return [(name, value)] if value else []


def functions_or(*words: str) -> Parser:
    """A value with functions in it, which are looked at where it is used, or of these words alone."""
    known = frozenset(words)
    return lambda name, value: [(name, value)] if "(" in value or (value and known.issuperset(value.split())) else []


def sides(*names: str) -> Parser:
    """A shorthand of one to four sides in the order top, right, bottom, left."""

    def parse(_name: str, value: str) -> list[tuple[str, Value]]:
        words = WORDS(value)
        if not 1 <= len(words) <= 4:
            return []
        chosen = (words[0], words[1 % len(words)], words[2 % len(words) if len(words) > 2 else 0],
                  words[3] if len(words) > 3 else words[1 % len(words)])  # fmt: skip
        sides = [size(name, word) for name, word in zip(names, chosen, strict=True)]
        return [side[0] for side in sides] if all(sides) else []

    return parse


def overflow(_name: str, value: str) -> list[tuple[str, Value]]:
    words = value.split()
    if not 1 <= len(words) <= 2 or not all(word in OVERFLOWS for word in words):
        return []
    return [("overflow-x", words[0]), ("overflow-y", words[-1])]


OVERFLOWS = frozenset({"visible", "hidden", "clip", "scroll", "auto", "overlay"})
SIDES = ("top", "right", "bottom", "left")
_DISPLAYS = words(
    """
    none inline block inline-block flex inline-flex grid inline-grid table inline-table table-row table-cell
    table-row-group table-header-group table-footer-group table-column table-column-group table-caption
    list-item contents flow-root flow run-in ruby ruby-text -webkit-box -webkit-inline-box
    """
)


def display(name: str, value: str) -> list[tuple[str, Value]]:
    words = value.split()
    if not words or not all(word in _DISPLAYS for word in words) or (len(words) > 1 and "none" in words):
        return []
    return [(name, _TWO_WORDS.get(value, words[-1] if len(words) > 1 and words[-1] != "flow" else words[0]))]


_TWO_WORDS = {"inline flow-root": "inline-block", "inline flex": "inline-flex", "inline grid": "inline-grid"}


def transform(name: str, value: str) -> list[tuple[str, Value]]:
    known = value == "none" or understood(value)
    return [("transform" if name.startswith("-") else name, value)] if known else []


def ratio(name: str, value: str) -> list[tuple[str, Value]]:
    """``aspect-ratio``: the width for a height of one."""
    match = _RATIO(value)
    if not match:
        return [(name, value)] if value == "auto" else []
    under = float(match[2] or 1)
    return [(name, float(match[1]) / under)] if under and float(match[1]) else []


_RATIO = re.compile(
    r"(?:auto\s+)?(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})\s*(?:/\s*(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9}))?(?:\s+auto)?\Z"
).match


def axis(name: str, value: str) -> list[tuple[str, Value]]:
    return [(name, value)] if value == "none" or length(value.split()[0]) or value[0] in "xyz" else []


def flex(_name: str, value: str) -> list[tuple[str, Value]]:
    """The shorthand: grow, shrink, basis."""
    grow, shrink, basis = {"none": (0.0, 0.0, "auto"), "auto": (1.0, 1.0, "auto")}.get(value, (1.0, 1.0, "0px"))
    numbers: list[float] = []
    for word in value.split():
        found = length(word)
        if found is not None and found.bare and len(numbers) < 2:
            numbers.append(found.pixels)
        elif found is not None or word == "auto":
            basis = word
    if numbers:
        grow = numbers[0]
        shrink = numbers[1] if len(numbers) > 1 else shrink
    return [("flex-grow", grow), ("flex-shrink", shrink), ("flex-basis", length(basis) or "auto")]


def index(name: str, value: str) -> list[tuple[str, Value]]:
    if value == "auto":
        return [(name, value)]
    return [(name, max(-(10**9), min(10**9, int(value))))] if _WHOLE(value) else []


_WHOLE = re.compile(r"[+-]?\d{1,12}\Z").match


def border(name: str, value: str) -> list[tuple[str, Value]]:
    """The width of a border, with its colour where that is thick enough to cover something."""
    wide: Value = length("3px")
    names = [name] if name != "border" else [f"border-{side}" for side in SIDES]
    styled, paint = False, None
    for word in WORDS(value):
        if (found := length(word)) is not None:
            wide = found
        elif word in {"none", "hidden"}:
            return [(f"{one}-width", length("0")) for one in names]
        elif (seen := colour(word)) is not None:
            paint = seen
        else:
            styled = True
    found_all: list[tuple[str, Value]] = [(f"{one}-width", wide if styled else length("0")) for one in names]
    return found_all + [("-border-paint", paint)] if paint else found_all


def grid(_name: str, value: str) -> list[tuple[str, Value]]:
    """Tracks alone: what grows by itself is told by other properties."""
    rows, _, columns = value.partition("/")
    return [("grid-template-rows", rows.strip()), ("grid-template-columns", columns.strip())]


def container(_name: str, value: str) -> list[tuple[str, Value]]:
    kind = value.partition("/")[2].strip()
    return [("container-type", kind or "normal")]


def wrapping(_name: str, value: str) -> list[tuple[str, Value]]:
    """Whether lines break, as far as ``white-space`` says it too."""
    return [("white-space", "nowrap")] if "nowrap" in value.split() else []


def indent(name: str, value: str) -> list[tuple[str, Value]]:
    said = [word for word in WORDS(value) if word not in {"each-line", "hanging"}]
    found = length(said[0]) if len(said) == 1 else None
    return [(name, found if "hanging" not in value else length("0"))] if found is not None else []


def pair(one: str, other: str) -> Parser:
    """A shorthand of one or two sides."""

    def parse(_name: str, value: str) -> list[tuple[str, Value]]:
        found = WORDS(value)
        if not 1 <= len(found) <= 2:
            return []
        sides = size(one, found[0]) + size(other, found[-1])
        return sides if len(sides) == 2 else []

    return parse


def renamed(plain: str, parser: Parser) -> Parser:
    return lambda _name, value: parser(plain, value)
