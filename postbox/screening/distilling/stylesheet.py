"""A style sheet to its style rules: blocks, nesting, at-rules and media queries (CSS Syntax 3, CSS Nesting 1).

Decides which rules apply to a screen of the assumed size with a light scheme and no printer. It never fetches an
import and never matches a selector.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from postbox.screening.distilling.animations import Frames, places
from postbox.screening.distilling.data_urls import style_text
from postbox.screening.distilling.declarations import Declaration, parse_declarations, without_comments
from postbox.screening.distilling.layers import Layers
from postbox.screening.distilling.limits import STYLE_RULES, Deadline, Overrun
from postbox.screening.distilling.media import container_holds, media_applies, supports, top_level
from postbox.screening.distilling.words import css_spaced

_MARKS = re.compile(r"\"(?>(?:[^\"\\\n]++|\\.)*)\"?|'(?>(?:[^'\\\n]++|\\.)*)'?|\\.|[{};()]", re.S).finditer
_GROUPS = frozenset({"media", "supports", "layer", "container", "scope", "starting-style"})
_INITIAL = re.compile(r"initial-value\s*:([^;]{1,300})", re.I).search
_OF_EACH = re.compile(r"inherits\s*:\s*false", re.I).search
_KEYFRAMES = frozenset({"keyframes", "-webkit-keyframes"})
_CONTAINER = re.compile(r"\bcontainer(?:-type)?\s*:", re.I).search
_IMPORT = re.compile(
    r"@import\s+(?:url\(\s*)?(?:\"(?P<double>data:[^\"]*)\"|'(?P<single>data:[^']*)'|(?P<bare>data:[^\"')]*))\s*\)?"
    r"(?P<rest>[^;]*)",
    re.I | re.S,
).match
_LAYER_AND_SUPPORTS = re.compile(r"\blayer(?:\([^)]*\))?|\bsupports\([^()]*(?:\([^()]*\))?[^()]*\)", re.I).sub
_NAMESPACE = re.compile(r"@namespace\s+([\w-]+\s+)?(?:url\()?\s*[\"']?([^\"')\s]+)", re.I).match
_NESTING = 12


@dataclass(slots=True)
class _Block:
    """An open block: a rule (selector set), an applied group, or one that is skipped (``live`` is false)."""

    selector: str
    live: bool
    start: int
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
    css = without_comments(css_spaced(css).replace("<!--", "").replace("-->", ""))
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
                yield from _statement(statement, deadline, layers, 3 if count else imports)
                start = match.end()
        elif sign == "{":
            depth = 0
            count += 1
            if count > STYLE_RULES or (not count % 256 and deadline.passed()):
                raise Overrun
            if open_blocks:
                yield from _so_far(open_blocks[-1], css, start)
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
    if text[:11].lower() == "@namespace ":
        if match := _NAMESPACE(text):
            layers.namespaces[(match[1] or "").strip()] = match[2].lower()
    elif text[:7].lower() == "@layer ":
        for name in text[7:].split(",")[:100]:
            layers.name((), name)
    elif imports < 3 and (match := _IMPORT(text)) and media_applies(_LAYER_AND_SUPPORTS("", match["rest"])):
        url = match["double"] or match["single"] or match["bare"]
        yield from style_rules(style_text(url), deadline, layers, imports + 1)


def _opened(css: str, prelude: str, outer: list[_Block], at: int, layers: Layers) -> _Block:
    prelude = prelude.strip()
    parent = outer[-1] if outer else None
    live = (parent is None or parent.live) and len(outer) < _NESTING
    selector, layer, scope = (parent.selector, parent.layer, parent.scope) if parent else ("", (), None)
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
    if layers.namespaces or "|" in prelude:
        prelude = _in_namespaces(prelude, layers.namespaces)
    if scope and not selector:
        prelude = _scoped(prelude, *scope)
    frames = parent.frames if parent else None
    return _Block(_nested(selector, prelude) if selector else prelude, live, at, layer, scope, frames)


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


def _in_namespaces(prelude: str, known: dict[str, str]) -> str:
    """A selector list with ``prefix|name`` written without namespaces; all but HTML's and SVG's hold no element."""

    def plain(match: re.Match[str]) -> str:
        prefix, name = match[1], match[2]
        return name if prefix == "*" else name + _within(known.get(prefix, "") if prefix else "")

    if "|" in prelude and '"' not in prelude and "'" not in prelude:
        prelude = _PREFIXED_NAME(plain, _PREFIXED("", prelude))
    within = _within(known[""]) if "" in known else ""
    return ", ".join(one.strip() + within for one in top_level(prelude, ",")) if within else prelude


def _within(address: str) -> str:
    return "" if address.endswith("/xhtml") else ":is(svg, svg *)" if address.endswith("/svg") else ":not(*)"


_PREFIXED_NAME = re.compile(r"(?<![\w\\\[-])([\w-]*|\*)\|(\*|[\w-]+)").sub
_PREFIXED = re.compile(r"(?<=\[)\s*(?:[\w-]*|\*)\|(?=\w)").sub


def _applies(name: str, condition: str, layers: Layers) -> bool:
    if name == "media":
        return media_applies(condition)
    if name == "supports":
        return supports(condition)
    return name != "container" or ((layers.contained or "style(" in condition) and container_holds(condition))


def _nested(outer: str, inner: str) -> str:
    """A nested rule's selector written out with ``:is()``, at a length that stays bounded."""
    if len(outer) > 2_000:
        raise Overrun
    scope = f":is({outer})"
    return ", ".join(one.replace("&", scope) if "&" in one else f"{scope} {one}" for one in top_level(inner, ","))


def _so_far(block: _Block, css: str, end: int) -> Iterator[StyleRule]:
    """What a rule declares before another that is nested in it, and that comes after it in the cascade."""
    said = css[block.start : end]
    block.start = end
    if block.live and block.selector and ":" in said and block.frames is None and block.selector[:2] != "--":
        declarations = parse_declarations(said)
        if declarations:
            yield StyleRule(block.selector, declarations, block.layer)


def _closed(open_blocks: list[_Block], css: str, end: int, after: int) -> Iterator[StyleRule]:
    block = open_blocks.pop()
    if open_blocks:
        open_blocks[-1].start = after
    if block.live and block.selector:
        if block.selector.startswith("--"):
            text = css[block.start : end]
            if match := _INITIAL(text):
                within = "*" if _OF_EACH(text) else "html"
                yield StyleRule(within, ((block.selector, match[1].strip(), False),), block.layer)
            return
        declarations = parse_declarations(css[block.start : end])
        if block.frames is not None:
            for place in places(block.selector):
                block.frames.setdefault(place, {}).update({name: value for name, value, _ in declarations})
        elif declarations:
            yield StyleRule(block.selector, declarations, block.layer)
