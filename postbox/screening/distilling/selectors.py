"""Selectors (Selectors 4): compiled once, matched right to left.

Decides whether an element matches. What is not known here makes the whole selector list invalid, as CSS asks; states that a
still page never has (``:hover``, ``:visited``) match nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lxml.etree import _Element

from postbox.screening.distilling.declarations import unescape
from postbox.screening.distilling.limits import SELECTOR_PARTS, Overrun

Test = Callable[[_Element], bool]
_IDENT = r"(?:[\w-]|[^\x00-\x7f]|\\[0-9a-fA-F]{1,6}\s?|\\.)+"
_SIMPLE = re.compile(
    rf"(?P<tag>{_IDENT}|\*)|\#(?P<id>{_IDENT})|\.(?P<cls>{_IDENT})|\[(?P<attr>[^\]\[]{{1,300}})\]"
    rf"|::?(?P<pseudo>{_IDENT})(?P<open>\()?"
)
_ATTRIBUTE = re.compile(
    r"\s*(?P<name>[\w:-]+)\s*(?:(?P<op>[~|^$*]?=)\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"']+)\s*(?P<flag>[is])?\s*)?"
).fullmatch
_COMBINATOR = re.compile(r"\s*([>+~])\s*|\s+")
_NTH = re.compile(r"\s*([+-]?\d*)n\s*(?:([+-])\s*(\d+))?\s*|\s*([+-]?\d+)\s*").fullmatch
_NEVER = frozenset(
    "hover active focus focus-within focus-visible visited target checked disabled invalid "
    "fullscreen before after first-line first-letter placeholder selection marker backdrop placeholder-shown "
    "-webkit-scrollbar -webkit-input-placeholder -moz-placeholder -webkit-search-decoration "
    "-webkit-inner-spin-button -webkit-outer-spin-button".split()
)
_DEPTH = 6
STEPS = 400_000


@dataclass(slots=True)
class Compound:
    """Simple selectors without a combinator; ``combinator`` joins it to the one on its left."""

    tag: str = ""
    ident: str = ""
    classes: tuple[str, ...] = ()
    tests: tuple[Test, ...] = ()
    combinator: str = ""


@dataclass(frozen=True, slots=True)
class Selector:
    """Compounds from right to left and the specificity as one number (ids, classes, tags: a thousand apart)."""

    parts: tuple[Compound, ...]
    specificity: int

    @property
    def local(self) -> bool:
        """Whether tag and attributes of the element alone decide."""
        return len(self.parts) == 1 and not self.parts[0].tests


@dataclass(slots=True)
class Budget:
    """Steps that matching may still take in this mail."""

    left: int = STEPS

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Overrun


@dataclass(slots=True)
class _Reader:
    """A place in a selector's text."""

    text: str
    budget: Budget
    at: int = 0
    depth: int = 0
    weight: int = field(default=0)


class Invalid(ValueError):
    """A selector that CSS would drop."""


def compile_list(text: str, budget: Budget, depth: int = 0) -> list[Selector]:
    """A selector list; ``Invalid`` where any of it is."""
    if depth > _DEPTH:
        raise Invalid(text[:40])
    return [_compile(part.strip(), budget, depth) for part in split_commas(text)]


def split_commas(text: str) -> list[str]:
    """The text at its commas outside brackets."""
    if "(" not in text and "[" not in text:
        return text.split(",")
    parts, depth, start = [], 0, 0
    for index, sign in enumerate(text):
        if sign in "([":
            depth += 1
        elif sign in ")]":
            depth -= 1
        elif sign == "," and not depth:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


def _compile(text: str, budget: Budget, depth: int) -> Selector:
    if not text:
        raise Invalid("empty selector")
    reader = _Reader(text, budget, depth=depth)
    parts: list[Compound] = []
    combinator = ""
    while True:
        compound = _compound(reader)
        compound.combinator = combinator
        parts.append(compound)
        if reader.at >= len(text):
            return Selector(tuple(reversed(parts)), reader.weight)
        match = _COMBINATOR.match(text, reader.at)
        if not match or len(parts) >= SELECTOR_PARTS:
            raise Invalid(text[:40])
        combinator, reader.at = match[1] or " ", match.end()


def _compound(reader: _Reader) -> Compound:
    compound = Compound()
    tests: list[Test] = []
    start = reader.at
    while match := _SIMPLE.match(reader.text, reader.at):
        if match["tag"] and reader.at != start:
            break
        reader.at = match.end()
        _take(match, reader, compound, tests)
    if reader.at == start:
        raise Invalid(reader.text[:40])
    compound.tests = tuple(tests)
    return compound


def _take(match: re.Match[str], reader: _Reader, compound: Compound, tests: list[Test]) -> None:
    if match["tag"]:
        if match["tag"] != "*":
            compound.tag = unescape(match["tag"]).lower()
            reader.weight += 1
    elif match["id"]:
        if compound.ident and compound.ident != unescape(match["id"]):
            tests.append(lambda _element: False)
        compound.ident = unescape(match["id"])
        reader.weight += 1_000_000
    elif match["cls"]:
        compound.classes += (unescape(match["cls"]),)
        reader.weight += 1_000
    elif match["attr"]:
        tests.append(_attribute(match["attr"]))
        reader.weight += 1_000
    else:
        tests.append(_pseudo(match["pseudo"].lower(), bool(match["open"]), reader))


def _attribute(text: str) -> Test:
    match = _ATTRIBUTE(text)
    if not match:
        raise Invalid(text[:40])
    name, operator = match["name"].lower(), match["op"]
    if not operator:
        return lambda element: element.get(name) is not None
    wanted = unescape((match["value"] or "").strip("\"'"))
    fold = match["flag"] == "i" or name in {"type", "align", "dir", "lang", "color", "bgcolor", "valign"}
    wanted = wanted.lower() if fold else wanted
    compare = _OPERATORS[operator]

    def test(element: _Element) -> bool:
        actual = element.get(name)
        return actual is not None and compare(actual.lower() if fold else actual, wanted)

    return test


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda actual, wanted: actual == wanted,
    "~=": lambda actual, wanted: wanted in actual.split(),
    "|=": lambda actual, wanted: actual == wanted or actual.startswith(wanted + "-"),
    "^=": lambda actual, wanted: bool(wanted) and actual.startswith(wanted),
    "$=": lambda actual, wanted: bool(wanted) and actual.endswith(wanted),
    "*=": lambda actual, wanted: bool(wanted) and wanted in actual,
}


def _pseudo(name: str, opened: bool, reader: _Reader) -> Test:
    argument = _argument(reader) if opened else ""
    if name in {"is", "where", "not", "matches", "-webkit-any", "has"} and opened:
        return _functional(name, argument, reader)
    if name not in {"before", "after", "first-line", "first-letter"}:
        reader.weight += 1_000
    if name.startswith("nth-") and opened:
        return _nth(name, argument, reader.budget)
    if name in _STRUCTURAL:
        return _nth(*_STRUCTURAL[name], reader.budget)
    if name in _PLAIN:
        return _PLAIN[name]
    if name in {"only-child", "only-of-type"}:
        kind = name.removeprefix("only-")
        first = _nth(f"nth-{kind}", "1", reader.budget)
        last = _nth(f"nth-last-{kind}", "1", reader.budget)
        return lambda element: first(element) and last(element)
    if name in _NEVER or name.startswith("-webkit-"):
        return lambda _element: False
    raise Invalid(name)


_STRUCTURAL = {
    "first-child": ("nth-child", "1"), "last-child": ("nth-last-child", "1"),
    "first-of-type": ("nth-of-type", "1"), "last-of-type": ("nth-last-of-type", "1"),
}  # fmt: skip
_PLAIN: dict[str, Test] = {
    "link": lambda element: element.tag in {"a", "area"} and element.get("href") is not None,
    "any-link": lambda element: element.tag in {"a", "area"} and element.get("href") is not None,
    "root": lambda element: element.getparent() is None,
    "scope": lambda element: element.getparent() is None,
    "empty": lambda element: not len(element) and not element.text,
    "enabled": lambda element: element.tag in {"input", "button", "select", "textarea"} and "disabled" not in element.attrib,
    "defined": lambda element: True,
}


def _argument(reader: _Reader) -> str:
    start, depth = reader.at, 1
    while depth:
        if reader.at >= len(reader.text):
            raise Invalid(reader.text[:40])
        depth += {"(": 1, ")": -1}.get(reader.text[reader.at], 0)
        reader.at += 1
    return reader.text[start : reader.at - 1]


def _functional(name: str, argument: str, reader: _Reader) -> Test:
    if name == "has":
        # What an element contains is not looked at: a rule with :has() is taken to hold for any element that it may meet.
        reader.weight += 1_000
        return lambda _element: True
    budget, found = reader.budget, []
    for part in split_commas(argument):
        try:
            found += compile_list(part, budget, reader.depth + 1)
        except Invalid:
            if name == "not":
                raise
    if name != "where":
        reader.weight += max((one.specificity for one in found), default=0)
    wanted = name != "not"
    return lambda element: any(matches(one, element, budget) for one in found) is wanted


def _nth(name: str, argument: str, budget: Budget) -> Test:
    match = _NTH({"odd": "2n+1", "even": "2n"}.get(argument.strip().lower(), argument.lower()))
    if not match:
        raise Invalid(argument[:40])
    if match[4]:
        step, offset = 0, int(match[4][:9])
    else:
        step = int(match[1][:9]) if match[1] not in {"", "+", "-"} else (-1 if match[1] == "-" else 1)
        offset = int((match[2] or "+") + (match[3] or "0")[:9])
    backwards, typed = "last" in name, name.endswith("of-type")

    def test(element: _Element) -> bool:
        place = 1
        for other in element.itersiblings(preceding=not backwards):
            budget.spend()
            if isinstance(other.tag, str) and (not typed or other.tag == element.tag):
                place += 1
        if not step:
            return place == offset
        return (place - offset) % step == 0 and (place - offset) // step >= 0

    return test


def compound_matches(part: Compound, element: _Element) -> bool:
    """Whether one compound holds for one element."""
    if part.tag and part.tag != element.tag:
        return False
    if part.ident and part.ident != element.get("id"):
        return False
    if part.classes:
        held = (element.get("class") or "").split()
        if not all(name in held for name in part.classes):
            return False
    return all(test(element) for test in part.tests)


def matches(selector: Selector, element: _Element, budget: Budget) -> bool:
    """Whether the whole selector holds; every step is taken from the budget."""
    return _matches_from(selector.parts, 0, element, budget)


def _matches_from(parts: tuple[Compound, ...], at: int, element: _Element, budget: Budget) -> bool:
    budget.spend()
    if not compound_matches(parts[at], element):
        return False
    combinator = parts[at].combinator
    if not combinator:
        return True
    other = _before(element, combinator)
    while other is not None:
        if _matches_from(parts, at + 1, other, budget):
            return True
        if combinator in {">", "+"}:
            return False
        other = _before(other, combinator)
    return False


def _before(element: _Element, combinator: str) -> _Element | None:
    if combinator in {" ", ">"}:
        return element.getparent()
    other = element.getprevious()
    while other is not None and not isinstance(other.tag, str):
        other = other.getprevious()
    return other
