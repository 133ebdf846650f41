"""A style sheet to its style rules: blocks, nesting, at-rules and media queries (CSS Syntax 3, CSS Nesting 1).

Decides which rules apply to a screen of the assumed size with a light scheme and no printer. It never fetches an
import and never matches a selector.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from postbox.screening.distilling.css_lengths import VIEWPORT_HEIGHT, VIEWPORT_WIDTH, length
from postbox.screening.distilling.declarations import Declaration, parse_declarations, without_comments
from postbox.screening.distilling.limits import STYLE_RULES, Deadline, Overrun

_MARKS = re.compile(r"\"(?>(?:[^\"\\\n]++|\\.)*)\"?|'(?>(?:[^'\\\n]++|\\.)*)'?|\\.|[{};()]", re.S).finditer
_FEATURE = re.compile(r"\(\s*([a-z-]+)\s*(?:(:|[<>]=?|=)\s*([^()]{1,60}))?\)").fullmatch
_GROUPS = frozenset({"media", "supports", "layer", "container", "scope", "document", "-moz-document", "starting-style"})
_NESTING = 12


@dataclass(slots=True)
class _Block:
    """An open block: a rule (selector set), an applied group, or one that is skipped (``live`` is false)."""

    selector: str
    live: bool
    start: int
    pieces: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StyleRule:
    """A selector list as text and what it declares."""

    selector: str
    declarations: tuple[Declaration, ...]


def style_rules(css: str, deadline: Deadline) -> Iterator[StyleRule]:
    """The rules of a sheet in order, those without a property of interest left out; ``Overrun`` beyond the bounds."""
    css = without_comments(css.replace("<!--", "").replace("-->", ""))
    open_blocks: list[_Block] = []
    start = depth = count = 0
    for match in _MARKS(css):
        sign = match[0]
        if sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(0, depth - 1)
        elif sign == ";" and not depth:
            start = match.end()
        elif sign == "{":
            depth = 0
            count += 1
            if count > STYLE_RULES or (not count % 256 and deadline.passed()):
                raise Overrun
            open_blocks.append(_opened(css, css[start : match.start()], open_blocks, match.start()))
            start = match.end()
            open_blocks[-1].start = start
        elif sign == "}":
            depth = 0
            if open_blocks:
                yield from _closed(open_blocks, css, match.start(), match.end())
            start = match.end()
    while open_blocks:
        yield from _closed(open_blocks, css, len(css), len(css))


def _opened(css: str, prelude: str, outer: list[_Block], at: int) -> _Block:
    prelude = prelude.strip()
    parent = outer[-1] if outer else None
    live = (parent is None or parent.live) and len(outer) < _NESTING
    selector = parent.selector if parent else ""
    if parent is not None and selector:
        parent.pieces.append(css[parent.start : at - len(prelude)])
    if prelude.startswith("@"):
        name, _, condition = prelude[1:].partition(" ")
        name, bracket, rest = name.lower().partition("(")
        condition = (bracket + rest + " " + condition).strip().lower()
        return _Block(selector, live and name in _GROUPS and _applies(name, condition), at)
    return _Block(_nested(selector, prelude) if selector else prelude, live, at)


def _nested(outer: str, inner: str) -> str:
    """A nested rule's selector written out with ``:is()``, at a length that stays bounded."""
    if len(outer) > 2_000:
        raise Overrun
    scope = f":is({outer})"
    return inner.replace("&", scope) if "&" in inner else ", ".join(f"{scope} {one}" for one in inner.split(","))


def _closed(open_blocks: list[_Block], css: str, end: int, after: int) -> Iterator[StyleRule]:
    block = open_blocks.pop()
    if open_blocks:
        open_blocks[-1].start = after
    if block.live and block.selector:
        block.pieces.append(css[block.start : end])
        declarations = parse_declarations(";".join(block.pieces))
        if declarations:
            yield StyleRule(block.selector, declarations)


def _applies(name: str, condition: str) -> bool:
    if name == "media":
        return media_applies(condition)
    return name != "supports" or not condition.startswith("not")


def media_applies(query: str) -> bool:
    """Whether a media query list (Media Queries 4) holds for the assumed screen; an empty one does."""
    query = query.strip().lower()
    return not query or any(_one_query(part.strip()) for part in query.split(","))


def _one_query(query: str) -> bool:
    negated = query.startswith("not ")
    words = query.removeprefix("not ").removeprefix("only ").strip()
    alternatives = [_all_hold(part) for part in words.split(" or ")]
    return any(alternatives) != negated


def _all_hold(words: str) -> bool:
    return all(_holds(part.strip()) for part in words.split(" and "))


def _holds(part: str) -> bool:
    if not part.startswith("("):
        return part in {"screen", "all", ""}
    match = _FEATURE(part)
    return bool(match) and _feature(match[1], match[2] or "", (match[3] or "").strip()) if match else False


_SAID = {
    "prefers-color-scheme": "light", "prefers-reduced-motion": "no-preference", "orientation": "landscape",
    "hover": "hover", "pointer": "fine", "any-hover": "hover", "any-pointer": "fine", "scripting": "none",
    "display-mode": "browser", "update": "fast", "color-gamut": "srgb", "forced-colors": "none",
}  # fmt: skip
_MEASURED = {
    "width": VIEWPORT_WIDTH, "device-width": VIEWPORT_WIDTH, "height": VIEWPORT_HEIGHT,
    "device-height": VIEWPORT_HEIGHT, "resolution": 1.0, "-webkit-device-pixel-ratio": 1.0, "color": 8.0,
    "monochrome": 0.0, "grid": 0.0,
}  # fmt: skip


def _feature(name: str, operator: str, wanted: str) -> bool:
    if name in _SAID:
        return _SAID[name] == wanted if wanted else _SAID[name] != "none"
    bound, plain = "", name
    for prefix, vendor in (("min-", ""), ("max-", ""), ("-webkit-min-", "-webkit-"), ("-webkit-max-", "-webkit-")):
        if name.startswith(prefix):
            bound, plain = prefix[-4:], vendor + name.removeprefix(prefix)
    actual = _MEASURED.get(plain)
    if actual is None:
        return False
    if not wanted:
        return bool(actual)
    found = length(wanted.removesuffix("dppx").removesuffix("x") if "resolution" in plain else wanted)
    number = found.resolve(16.0, 0.0) if found else None
    if number is None:
        return False
    if bound == "min-" or operator in {">=", ">"}:
        return actual >= number
    if bound == "max-" or operator in {"<=", "<"}:
        return actual <= number
    return actual == number
