"""CSS declarations to typed longhands, for the properties that decide whether text is painted.

Decides which declarations are valid and what they say; an invalid one is dropped, as CSS asks, so that it never
overrides a valid one. It never looks at an element.
"""

from __future__ import annotations

import re
from functools import lru_cache

from postbox.screening.distilling.data_urls import transparent_gif
from postbox.screening.distilling.paint_values import content_parts
from postbox.screening.distilling.properties import LONGHANDS, PARSERS, UNKNOWN
from postbox.screening.distilling.property_values import Value
from postbox.screening.distilling.words import SPACE, css_spaced

Declaration = tuple[str, Value, bool]
"""Longhand name, typed value, importance."""

CUSTOM = "--"
"""Stands among declared values that hold custom properties or wait for them."""

GLOBAL_KEYWORDS = frozenset({"inherit", "initial", "unset", "revert", "revert-layer"})
_NOT_ALL = frozenset({"direction", "unicode-bidi"})
_CACHED_CHARACTERS = 600
_CACHED_VALUE = 60


class Unresolved(str):
    """A value that waits for custom properties; it is parsed again once they are known."""

    __slots__ = ()


_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\n\r\f]?|\r?\n|(.))", re.S).sub
_IMPORTANT = re.compile(r"!\s*important\s*\Z", re.I).search
_COMMENT_OR_STRING = re.compile(
    r"(\"(?>(?:[^\"\\]++|\\.)*)\"?|'(?>(?:[^'\\]++|\\.)*)'?)|/\*(?>(?:[^*]++|\*(?!/))*)(?:\*/)?", re.S
)
_PARTS = re.compile(r"\"(?>(?:[^\"\\]++|\\.)*)\"?|'(?>(?:[^'\\]++|\\.)*)'?|\\.|[();{}\[\]]", re.S).finditer


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
    for part in _split(without_comments(css_spaced(css))):
        name, colon, value = part.partition(":")
        if not colon:
            continue
        name = unescape(name).strip(SPACE)
        lowered = name.lower()
        if lowered in PARSERS or lowered == "content" or lowered == "all" or lowered.startswith("--"):
            important = False
            if "!" in value and (match := _IMPORTANT(value)):
                value, important = value[: match.start()], True
            name = name if lowered.startswith("--") else lowered
            read = _known_longhands if len(value) <= _CACHED_VALUE and lowered in PARSERS else longhands
            found.extend([(long, typed, important) for long, typed in read(name, value)])
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


@lru_cache(maxsize=4096)
def _known_longhands(name: str, raw: str) -> list[tuple[str, Value]]:
    """As ``longhands``, since mails mostly say the same few things; what it gives must not be changed."""
    return longhands(name, raw)


_IN_STRINGS = re.compile(r"\"[^\"]*\"|'[^']*'").sub
_SUBSTITUTES = re.compile(r"(?<![a-z-])(?:env|attr|if|random|inherit)\(").search
_MATHS = re.compile(
    r"(?<![a-z-])(?:round|mod|rem|abs|sign|hypot|a?sin|a?cos|a?tan2?|sqrt|pow|exp|log|calc-size|progress"
    r"|sibling-(?:index|count))\("
).search
_ENVIRONMENT = re.compile(r"(?<![a-z-])env\([^(),]*,\s*([^()]*?)\s*\)").sub


def longhands(name: str, raw: str) -> list[tuple[str, Value]]:
    """A property's longhands with typed values; nothing when the value is invalid or of no interest here."""
    if name.startswith("--"):
        return [(name, raw.strip())]
    if name == "content" and "var(" not in raw.lower():
        return [(one, tuple((kind, unescape(text)) for kind, text in parts)) for one, parts in content_parts(raw)]
    plain = unescape(raw.strip())
    if plain is not raw and not plain.isprintable() and "\\" in raw:
        return []
    value = plain.lower()
    if not value:
        return []
    if "path(" in value:
        value = _IN_STRINGS(lambda match: plain[match.start() : match.end()], value)
    if "data:image/gif" in value and transparent_gif(plain):
        value = value.replace("data:", "clear:")
    if "var(" in value:
        return [(name, Unresolved(plain))]
    if "(" in value and (_SUBSTITUTES(value) or _MATHS(value)):
        value = _ENVIRONMENT(r"\1", value)
        if name in UNKNOWN and (_SUBSTITUTES(value) or _MATHS(value)):
            known = [] if _SUBSTITUTES(value) else PARSERS[name](name, value)
            return known or [(name, UNKNOWN[name])]
    if value in GLOBAL_KEYWORDS:
        if name == "all":
            return [(long, value) for long in PARSERS if long not in LONGHANDS and long not in _NOT_ALL]
        return [(long, value) for long in LONGHANDS.get(name, (name,))]
    return PARSERS[name](name, value) if name in PARSERS else []
