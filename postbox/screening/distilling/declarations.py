"""CSS declarations to typed longhands, for the properties that decide whether text is painted.

Decides which declarations are valid and what they say; an invalid one is dropped, as CSS asks, so that it never
overrides a valid one. It never looks at an element.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from postbox.screening.distilling.css_colours import RGBA, TRANSPARENT, colour
from postbox.screening.distilling.css_lengths import length
from postbox.screening.distilling.words import words

Value = Any
"""A keyword (str), a ``Length``, an ``RGBA`` tuple, a number, or ``Unresolved`` text with ``var()`` in it."""

Declaration = tuple[str, Value, bool]
"""Longhand name, typed value, importance."""

CUSTOM = "--"
"""Stands among declared values that hold custom properties or wait for them."""

GLOBAL_KEYWORDS = frozenset({"inherit", "initial", "unset", "revert", "revert-layer"})
_CACHED_CHARACTERS = 600


class Unresolved(str):
    """A value that waits for custom properties; it is parsed again once they are known."""

    __slots__ = ()


_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\n\r\f]?|\r?\n|(.))", re.S).sub
_IMPORTANT = re.compile(r"!\s*important\s*\Z", re.I).search
_COMMENT_OR_STRING = re.compile(
    r"(\"(?>(?:[^\"\\]++|\\.)*)\"?|'(?>(?:[^'\\]++|\\.)*)'?)|/\*(?>(?:[^*]++|\*(?!/))*)(?:\*/)?", re.S
)
_PARTS = re.compile(r"\"(?>(?:[^\"\\]++|\\.)*)\"?|'(?>(?:[^'\\]++|\\.)*)'?|\\.|[();{}\[\]]", re.S).finditer
_WORDS = re.compile(r"[^\s(),/]*\([^()]*(?:\([^()]*\)[^()]*)*\)|[^\s,/]+|[,/]").findall


def without_comments(css: str) -> str:
    """CSS with each comment replaced by nothing and strings kept."""
    return _COMMENT_OR_STRING.sub(lambda match: match[1] or "", css) if "/*" in css else css


def unescape(text: str) -> str:
    """CSS escapes (CSS Syntax 3, section 4.3.7) resolved."""
    return _ESCAPE(_unescape_one, text) if "\\" in text else text


def _unescape_one(match: re.Match[str]) -> str:
    if match[1]:
        point = int(match[1], 16)
        return chr(point) if 0 < point <= 0x10FFFF and not 0xD800 <= point < 0xE000 else "\ufffd"
    return match[2] or ""


def parse_declarations(css: str) -> tuple[Declaration, ...]:
    """The longhands that a declaration block or ``style`` attribute sets, in order; short blocks are remembered."""
    return _remembered(css) if len(css) <= _CACHED_CHARACTERS else _parse(css)


def _parse(css: str) -> tuple[Declaration, ...]:
    found: list[Declaration] = []
    for part in _split(without_comments(css)):
        name, colon, value = part.partition(":")
        if not colon:
            continue
        name = unescape(name).strip()
        lowered = name.lower()
        if lowered in _PARSERS or lowered.startswith("--"):
            important = False
            if "!" in value and (match := _IMPORTANT(value)):
                value, important = value[: match.start()], True
            name = name if lowered.startswith("--") else lowered
            found.extend((long, typed, important) for long, typed in longhands(name, value))
    return tuple(found)


_remembered = lru_cache(maxsize=4096)(_parse)


def _split(css: str) -> list[str]:
    """The block at its top-level semicolons."""
    if not any(sign in css for sign in "(\"'\\[{"):
        return css.split(";")
    parts: list[str] = []
    start = depth = 0
    for match in _PARTS(css):
        sign = match[0]
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth = max(0, depth - 1)
        elif sign == ";" and not depth:
            parts.append(css[start : match.start()])
            start = match.end()
    parts.append(css[start:])
    return parts


def longhands(name: str, raw: str) -> list[tuple[str, Value]]:
    """A property's longhands with typed values; nothing when the value is invalid or of no interest here."""
    if name.startswith("--"):
        return [(name, raw.strip())]
    plain = unescape(raw).strip()
    value = plain.lower()
    if "var(" in value:
        return [(name, Unresolved(plain))]
    if value in GLOBAL_KEYWORDS:
        return [(long, value) for long in _LONGHANDS.get(name, (name,))]
    return _PARSERS[name](name, value)


Parser = Callable[[str, str], list[tuple[str, Value]]]


def _keyword(*words: str) -> Parser:
    known = frozenset(words)
    return lambda name, value: [(name, value)] if value in known else []


def _colour(name: str, value: str) -> list[tuple[str, Value]]:
    found = _colour_value(value)
    return [(name, found)] if found is not None else []


def _colour_value(value: str) -> RGBA | str | None:
    """A colour or ``currentcolor``; transparent for a function not known here: what is not understood is not shown."""
    if value == "currentcolor":
        return value
    found = colour(value)
    if found is None and value.startswith(("color(", "color-mix(", "light-dark(", "rgb(", "hsl(", "device-cmyk(")):
        return TRANSPARENT if value.startswith(("color", "light", "device")) else None
    return found


def _size(name: str, value: str) -> list[tuple[str, Value]]:
    found = length(value)
    if found is None:
        return [(name, value)] if value in _SIZE_WORDS else []
    return [(name, found)]


_SIZE_WORDS = frozenset({"auto", "none", "normal", "min-content", "max-content", "fit-content"})
_FONT_WORDS = frozenset(
    words(
        """
    xx-small x-small small medium large x-large xx-large xxx-large smaller larger
    """
    )
)


def _font_size(name: str, value: str) -> list[tuple[str, Value]]:
    if value in _FONT_WORDS:
        return [(name, value)]
    found = length(value)
    if found is None or found.pixels < 0 or found.fonts < 0 or found.share < 0:
        return []
    return [(name, found)]


def _font(_name: str, value: str) -> list[tuple[str, Value]]:
    words = _WORDS(value)
    for index, word in enumerate(words):
        if index and words[index - 1] == "/":
            continue
        if found := _font_size("font-size", word):
            if word.isdigit() and word != "0":
                continue
            after = words[index + 1 : index + 3]
            spacing = _size("line-height", after[1]) if after[:1] == ["/"] and len(after) > 1 else []
            return found + (spacing or [("line-height", "normal")])
    return []


def _number(name: str, value: str) -> list[tuple[str, Value]]:
    found = length(value)
    if found is None or found.fonts:
        return []
    return [(name, found.pixels if found.bare else found.share)]


def _background(_name: str, value: str) -> list[tuple[str, Value]]:
    shown: Value = TRANSPARENT
    for word in _WORDS(value):
        if (found := _colour_value(word)) is not None:
            shown = found
    picture = value if "gradient(" in value else "none"
    return [("background-color", shown), ("background-image", picture)]


def _text(name: str, value: str) -> list[tuple[str, Value]]:
    return [(name, value)] if value else []


def _sides(*names: str) -> Parser:
    """A shorthand of one to four sides in the order top, right, bottom, left."""

    def parse(_name: str, value: str) -> list[tuple[str, Value]]:
        words = _WORDS(value)
        if not 1 <= len(words) <= 4:
            return []
        chosen = (words[0], words[1 % len(words)], words[2 % len(words) if len(words) > 2 else 0],
                  words[3] if len(words) > 3 else words[1 % len(words)])  # fmt: skip
        sides = [_size(name, word) for name, word in zip(names, chosen, strict=True)]
        return [side[0] for side in sides] if all(sides) else []

    return parse


def _overflow(_name: str, value: str) -> list[tuple[str, Value]]:
    words = value.split()
    if not 1 <= len(words) <= 2 or not all(word in _OVERFLOWS for word in words):
        return []
    return [("overflow-x", words[0]), ("overflow-y", words[-1])]


_OVERFLOWS = frozenset({"visible", "hidden", "clip", "scroll", "auto", "overlay"})
_SIDES = ("top", "right", "bottom", "left")
_DISPLAYS = words(
    """
    none inline block inline-block flex inline-flex grid inline-grid table inline-table table-row table-cell
    table-row-group table-header-group table-footer-group table-column table-column-group table-caption
    list-item contents flow-root flow run-in ruby ruby-text -webkit-box -webkit-inline-box
    """
)


def _display(name: str, value: str) -> list[tuple[str, Value]]:
    words = value.split()
    if not words or not all(word in _DISPLAYS for word in words):
        return []
    return [(name, _TWO_WORDS.get(value, words[-1] if len(words) > 1 and words[-1] != "flow" else words[0]))]


_TWO_WORDS = {"inline flow-root": "inline-block", "inline flex": "inline-flex", "inline grid": "inline-grid"}

_PARSERS: dict[str, Parser] = {
    "display": _display,
    "visibility": _keyword("visible", "hidden", "collapse"),
    "content-visibility": _keyword("visible", "hidden", "auto"),
    "opacity": _number,
    "zoom": _number,
    "font-size": _font_size,
    "font": _font,
    "line-height": _size,
    "color": _colour,
    "-webkit-text-fill-color": _colour,
    "background": _background,
    "background-color": _colour,
    "background-image": _text,
    "position": _keyword("static", "relative", "absolute", "fixed", "sticky", "-webkit-sticky"),
    "float": _keyword("left", "right", "none"),
    "inset": _sides(*_SIDES),
    "margin": _sides(*(f"margin-{side}" for side in _SIDES)),
    "padding": _sides(*(f"padding-{side}" for side in _SIDES)),
    "text-indent": _size,
    "letter-spacing": _size,
    "transform": _text,
    "translate": _text,
    "scale": _text,
    "filter": _text,
    "clip": _text,
    "clip-path": _text,
    "-webkit-clip-path": lambda _name, value: [("clip-path", value)],
    "overflow": _overflow,
    "overflow-x": _keyword(*_OVERFLOWS),
    "overflow-y": _keyword(*_OVERFLOWS),
    "white-space": _keyword("normal", "nowrap", "pre", "pre-wrap", "pre-line", "break-spaces"),
    "list-style-type": _text,
    "list-style": lambda _name, value: [("list-style-type", "none" if "none" in value.split() else "disc")],
    "-webkit-text-security": _keyword("none", "disc", "circle", "square"),
}
for _side in _SIDES:
    _PARSERS[_side] = _PARSERS[f"margin-{_side}"] = _PARSERS[f"padding-{_side}"] = _size
for _extent in ("width", "height"):
    _PARSERS[_extent] = _PARSERS[f"max-{_extent}"] = _PARSERS[f"min-{_extent}"] = _size
_LONGHANDS = {
    "background": ("background-color", "background-image"),
    "font": ("font-size", "line-height"),
    "overflow": ("overflow-x", "overflow-y"),
    "inset": _SIDES,
    "margin": tuple(f"margin-{side}" for side in _SIDES),
    "padding": tuple(f"padding-{side}" for side in _SIDES),
    "list-style": ("list-style-type",),
}
