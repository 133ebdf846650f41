"""A style sheet to its style rules: blocks, nesting, at-rules and media queries (CSS Syntax 3, CSS Nesting 1).

Decides which rules apply to a screen of the assumed size with a light scheme and no printer. It never fetches an
import and never matches a selector.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from postbox.screening.distilling.animations import Frames, places
from postbox.screening.distilling.data_urls import style_text
from postbox.screening.distilling.declarations import Declaration, parse_declarations, without_comments
from postbox.screening.distilling.layers import Layers
from postbox.screening.distilling.limits import STYLE_RULES, Deadline, Overrun
from postbox.screening.distilling.media import container_holds, media_applies, supports, top_level

_MARKS = re.compile(r"\"(?>(?:[^\"\\\n]++|\\.)*)\"?|'(?>(?:[^'\\\n]++|\\.)*)'?|\\.|[{};()]", re.S).finditer
_GROUPS = frozenset({"media", "supports", "layer", "container", "scope", "starting-style"})
_INITIAL = re.compile(r"initial-value\s*:([^;]{1,300})", re.I).search
_KEYFRAMES = frozenset({"keyframes", "-webkit-keyframes"})
_CONTAINER = re.compile(r"\bcontainer(?:-type)?\s*:", re.I).search
_IMPORT = re.compile(
    r"@import\s+(?:url\(\s*)?(?P<mark>[\"']?)(?P<url>data:[^\"')]*)(?P=mark)\s*\)?(?P<rest>[^;]*)", re.I | re.S
).match
_LAYER_AND_SUPPORTS = re.compile(r"\blayer(?:\([^)]*\))?|\bsupports\([^()]*(?:\([^()]*\))?[^()]*\)", re.I).sub
_NESTING = 12


@dataclass(slots=True)
class _Block:
    """An open block: a rule (selector set), an applied group, or one that is skipped (``live`` is false)."""

    selector: str
    live: bool
    start: int
    pieces: list[str] = field(default_factory=list)
    layer: tuple[str, ...] = ()
    scope: tuple[str, str] | None = None
    frames: Frames | None = None
    """The keyframes that it belongs to."""


@dataclass(frozen=True, slots=True)
class StyleRule:
    """A selector list as text and what it declares."""

    selector: str
    declarations: tuple[Declaration, ...]
    layer: tuple[str, ...] = ()


def style_rules(css: str, deadline: Deadline, layers: Layers, imports: int = 0) -> Iterator[StyleRule]:
    """The rules of a sheet in order, those without a property of interest left out; ``Overrun`` beyond the bounds."""
    css = without_comments(css.replace("<!--", "").replace("-->", ""))
    layers.contained = layers.contained or bool(_CONTAINER(css))
    open_blocks: list[_Block] = []
    start = depth = count = 0
    for match in _MARKS(css):
        sign = match[0]
        if sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(0, depth - 1)
        elif sign == ";" and not depth:
            if open_blocks:
                start = match.end()
            elif (statement := css[start : match.start()].strip()).startswith("@"):
                yield from _statement(statement, deadline, layers, imports)
                start = match.end()
        elif sign == "{":
            depth = 0
            count += 1
            if count > STYLE_RULES or (not count % 256 and deadline.passed()):
                raise Overrun
            open_blocks.append(_opened(css, css[start : match.start()], open_blocks, match.start(), layers))
            start = match.end()
            open_blocks[-1].start = start
        elif sign == "}":
            depth = 0
            if open_blocks:
                yield from _closed(open_blocks, css, match.start(), match.end())
                start = match.end()
    while open_blocks:
        yield from _closed(open_blocks, css, len(css), len(css))


def _statement(text: str, deadline: Deadline, layers: Layers, imports: int) -> Iterator[StyleRule]:
    """``@layer a, b`` and ``@import`` of a sheet that stands in the mail itself; nothing else is ever fetched."""
    if text[:7].lower() == "@layer ":
        for name in text[7:].split(",")[:100]:
            layers.name((), name)
    elif imports < 3 and (match := _IMPORT(text)) and media_applies(_LAYER_AND_SUPPORTS("", match["rest"])):
        yield from style_rules(style_text(match["url"]), deadline, layers, imports + 1)


def _opened(css: str, prelude: str, outer: list[_Block], at: int, layers: Layers) -> _Block:
    prelude = prelude.strip()
    parent = outer[-1] if outer else None
    live = (parent is None or parent.live) and len(outer) < _NESTING
    selector, layer, scope = (parent.selector, parent.layer, parent.scope) if parent else ("", (), None)
    if parent is not None and selector:
        parent.pieces.append(css[parent.start : at - len(prelude)])
    if prelude.startswith("@"):
        name, _, condition = prelude[1:].partition(" ")
        name, bracket, rest = name.lower().partition("(")
        condition = (bracket + rest + " " + condition).strip()
        if live and name in _KEYFRAMES:
            name = condition.strip("\"' ").lower()
            layers.frames[name] = {}
            return _Block("", live, at, frames=layers.frames[name])
        if name == "property":
            return _Block(condition, live and condition.startswith("--"), at, layer=layer)
        live = live and name in _GROUPS and _applies(name, condition.lower(), layers)
        if live and name == "layer":
            layer = layers.name(layer, condition)
        elif live and name == "scope":
            scope = _scope(condition)
        return _Block(selector, live, at, layer=layer, scope=scope)
    if scope and not selector:
        prelude = _scoped(prelude, *scope)
    frames = parent.frames if parent else None
    return _Block(_nested(selector, prelude) if selector else prelude, live, at, [], layer, scope, frames)


def _scope(condition: str) -> tuple[str, str] | None:
    start, _, limit = condition.strip().partition(") to (")
    root = start.strip().removeprefix("(").removesuffix(")").strip()
    return (root, limit.strip().removesuffix(")").strip()) if root else None


def _scoped(prelude: str, root: str, limit: str) -> str:
    """A selector list held inside ``@scope``."""
    if len(root) + len(limit) > 1_000:
        raise Overrun
    within = f":where({root}, {root} *)" + (f":not({limit}, {limit} *)" if limit else "")
    return ", ".join(
        one.replace(":scope", f":is({root})") if ":scope" in one else one + within for one in top_level(prelude, ",")
    )


def _applies(name: str, condition: str, layers: Layers) -> bool:
    if name == "media":
        return media_applies(condition)
    if name == "supports":
        return supports(condition)
    return name != "container" or (layers.contained and container_holds(condition))


def _nested(outer: str, inner: str) -> str:
    """A nested rule's selector written out with ``:is()``, at a length that stays bounded."""
    if len(outer) > 2_000:
        raise Overrun
    scope = f":is({outer})"
    return ", ".join(one.replace("&", scope) if "&" in one else f"{scope} {one}" for one in top_level(inner, ","))


def _closed(open_blocks: list[_Block], css: str, end: int, after: int) -> Iterator[StyleRule]:
    block = open_blocks.pop()
    if open_blocks:
        open_blocks[-1].start = after
    if block.live and block.selector:
        block.pieces.append(css[block.start : end])
        if block.selector.startswith("--"):
            if match := _INITIAL(";".join(block.pieces)):
                yield StyleRule("html", ((block.selector, match[1].strip(), False),), block.layer)
            return
        declarations = parse_declarations(";".join(block.pieces))
        if block.frames is not None:
            for place in places(block.selector):
                block.frames.setdefault(place, {}).update({name: value for name, value, _ in declarations})
        elif declarations:
            yield StyleRule(block.selector, declarations, block.layer)
