"""Media queries (Media Queries 4), ``@supports`` and ``@container`` conditions.

Decides whether a condition holds for a screen of the assumed size with a light scheme, no scripts and no printer.
What is unknown holds neither plainly nor negated, as CSS asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from postbox.screening.distilling.css_lengths import VIEWPORT_HEIGHT, VIEWPORT_WIDTH, length
from postbox.screening.distilling.limits import Overrun
from postbox.screening.distilling.properties import PARSERS
from postbox.screening.distilling.selector_matching import Budget, Invalid
from postbox.screening.distilling.selectors import compile_list
from postbox.screening.distilling.words import words

Truth = bool | None
_DEPTH = 8
_CHARACTERS = 4_000
_QUERY = re.compile(r"(?:(not|only)\s+)?([a-z-]+)(?:\s+and\s+(.+))?", re.S).fullmatch
_PLAIN = re.compile(r"([a-z-]+)\s*(?::\s*(.+))?", re.S).fullmatch
_RANGE = re.compile(r"(?:([^<>=]{1,60}?)\s*([<>]=?|=)\s*)?([a-z-]+)\s*(?:([<>]=?|=)\s*([^<>=]{1,60}))?").fullmatch
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "="}
_SAID = {
    "prefers-color-scheme": "light", "prefers-reduced-motion": "no-preference", "orientation": "landscape",
    "hover": "hover", "pointer": "fine", "any-hover": "hover", "any-pointer": "fine", "scripting": "none",
    "display-mode": "browser", "update": "fast", "color-gamut": "srgb", "forced-colors": "none",
    "prefers-contrast": "no-preference", "prefers-reduced-transparency": "no-preference", "scan": "progressive",
    "prefers-reduced-data": "no-preference", "inverted-colors": "none", "dynamic-range": "standard",
    "overflow-block": "scroll", "overflow-inline": "scroll",
}  # fmt: skip
_FALSE_ALONE = frozenset({"none", "no-preference"})
_MEASURED = {
    "width": VIEWPORT_WIDTH, "device-width": VIEWPORT_WIDTH, "height": VIEWPORT_HEIGHT,
    "device-height": VIEWPORT_HEIGHT, "resolution": 1.0, "-webkit-device-pixel-ratio": 1.0, "color": 8.0,
    "monochrome": 0.0, "grid": 0.0, "aspect-ratio": VIEWPORT_WIDTH / VIEWPORT_HEIGHT, "color-index": 0.0,
    "device-aspect-ratio": VIEWPORT_WIDTH / VIEWPORT_HEIGHT,
}  # fmt: skip
_OTHER_PROPERTIES = frozenset(
    words(
        """
    align-content align-items align-self animation appearance aspect-ratio backdrop-filter border-radius bottom columns
    column-count cursor gap grid height hyphens inset justify-content justify-items line-clamp list-style-position
    object-fit object-position outline place-items pointer-events resize row-gap column-gap scroll-behavior tab-size
    text-align text-decoration text-overflow text-transform transform-style transition user-select vertical-align
    will-change word-break word-wrap overflow-wrap word-spacing writing-mode -webkit-appearance
    -webkit-box-orient -webkit-font-smoothing -webkit-backdrop-filter font-family
    font-weight font-style font-variation-settings content container-type container accent-color shape-outside
    """
    )
)


def media_applies(query: str) -> bool:
    """Whether a media query list holds; an empty one does."""
    query = query.strip().lower()
    if len(query) > _CHARACTERS:
        raise Overrun
    return not query or any(_one_query(part.strip()) for part in top_level(query, ","))


def _one_query(query: str) -> bool:
    match = _QUERY(query)
    if not match or (match[1] is None and match[2] in {"not", "only"}):
        return condition(query, _media_feature) is True
    if match[2] in {"and", "or", "not", "only", "layer"}:
        return False
    rest: Truth = condition(match[3], _media_feature) if match[3] else True
    held = match[2] in {"screen", "all"}
    if match[1] != "not":
        return held and rest is True
    return not held or rest is False


def supports(text: str) -> bool:
    """Whether an ``@supports`` condition holds for a browser of today."""
    if len(text) > _CHARACTERS:
        raise Overrun
    return condition(text.strip().lower(), _supported) is True


def container_holds(text: str) -> bool:
    """Whether an ``@container`` condition holds for a container as wide as the screen."""
    if len(text) > _CHARACTERS:
        raise Overrun
    text = text.strip().lower()
    start = 0 if _ASKS_AT_ONCE(text) else text.find(" ") + 1
    return condition(text[start:], _container_feature) is True


_ASKS_AT_ONCE = re.compile(r"\(|not\b|style\(|scroll-state\(").match


def _container_feature(text: str) -> Truth:
    """Whether an element has a value is not known here; what asks for one hides more often than it shows."""
    return True if text.startswith(("style(", "scroll-state(")) else _media_feature(text)


def condition(text: str, leaf: Callable[[str], Truth], depth: int = 0) -> Truth:
    """``not``, ``and``, ``or`` and brackets around leaves; three-valued."""
    text = text.strip()
    if depth > _DEPTH or not text:
        return None
    if text.startswith("not") and text[3:4] in {" ", "(", "\n", "\t"}:
        held = condition(text[3:], leaf, depth + 1)
        return None if held is None else not held
    splits = [(top_level(text, joint), decides) for joint, decides in ((" or ", True), (" and ", False))]
    if all(len(parts) > 1 for parts, _ in splits):
        return None
    for parts, decides in splits:
        if len(parts) > 1:
            values = [condition(part, leaf, depth + 1) for part in parts[:50]]
            return decides if decides in values else None if None in values else not decides
    if text.startswith("(") and text.endswith(")"):
        inner = text[1:-1].strip()
        if inner.startswith(("(", "not ", "not(")) or "(" in inner.partition(":")[0]:
            return condition(inner, leaf, depth + 1)
        return leaf(inner)
    return leaf(text) if "(" in text else None


def top_level(text: str, joint: str) -> list[str]:
    """The text at a joint outside brackets."""
    if joint not in text:
        return [text]
    parts, depth, start, at = [], 0, 0, 0
    while at < len(text):
        sign = text[at]
        depth += (sign == "(") - (sign == ")")
        if not depth and text.startswith(joint, at):
            parts.append(text[start:at])
            at = start = at + len(joint)
            continue
        at += 1
    return [*parts, text[start:]]


def _supported(text: str) -> Truth:
    if text.startswith("selector("):
        return _known_selector(text[9:].removesuffix(")"))
    if text.startswith(("font-format(", "font-tech(")):
        return True
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    if not colon or not value:
        return False
    if name in PARSERS:
        return bool(PARSERS[name](name, value.lower())) or value in {"inherit", "initial", "unset", "revert"}
    return name.startswith("--") or name in _OTHER_PROPERTIES


def _known_selector(text: str) -> bool:
    try:
        return bool(compile_list(text, Budget()))
    except Invalid:
        return False


def _media_feature(text: str) -> Truth:
    if match := _PLAIN(text):
        return _plain_feature(match[1], (match[2] or "").strip())
    match = _RANGE(text)
    if not match or match[3] not in _MEASURED:
        return None
    held: list[Truth] = []
    if match[1]:
        held.append(_compared(match[3], _TURNED[match[2]], match[1]))
    if match[5]:
        held.append(_compared(match[3], match[4], match[5]))
    return None if None in held or not held else all(held)


def _plain_feature(name: str, wanted: str) -> Truth:
    if name in _SAID:
        return _SAID[name] == wanted if wanted else _SAID[name] not in _FALSE_ALONE
    operator, plain = "=", name
    for prefix, vendor, sign in (
        ("min-", "", ">="), ("max-", "", "<="), ("-webkit-min-", "-webkit-", ">="), ("-webkit-max-", "-webkit-", "<=")
    ):  # fmt: skip
        if name.startswith(prefix):
            operator, plain = sign, vendor + name.removeprefix(prefix)
    if plain not in _MEASURED:
        return None
    return _compared(plain, operator, wanted) if wanted else bool(_MEASURED[plain]) and operator == "="


def _compared(name: str, operator: str, wanted: str) -> Truth:
    wanted = wanted.strip()
    if "/" in wanted and "ratio" in name:
        over, _, under = wanted.partition("/")
        top, below = length(over.strip()), length(under.strip())
        number = top.pixels / below.pixels if top and below and below.pixels else None
    else:
        for unit, factor in (("dppx", 1.0), ("dpi", 1 / 96), ("dpcm", 2.54 / 96), ("x", 1.0)):
            if "resolution" in name and wanted.endswith(unit):
                found = length(wanted.removesuffix(unit))
                number = found.pixels * factor if found else None
                break
        else:
            found = length(wanted)
            number = found.resolve(16.0, 0.0) if found else None
    if number is None:
        return None
    actual = _MEASURED[name]
    return {
        "=": actual == number, ">=": actual >= number, "<=": actual <= number, ">": actual > number,
        "<": actual < number,
    }[operator]  # fmt: skip
