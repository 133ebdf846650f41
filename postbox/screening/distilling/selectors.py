"""Selectors (Selectors 4): compiled once, matched right to left.

Decides whether an element matches. What is not known here makes the whole selector list invalid, as CSS asks;
states that a still page never has (``:hover``, ``:visited``) match nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from postbox.screening.distilling.declarations import unescape
from postbox.screening.distilling.limits import SELECTOR_PARTS
from postbox.screening.distilling.pseudo_classes import pseudo_class, split_commas
from postbox.screening.distilling.selector_matching import Budget, Compound, Invalid, Reader, Selector, Test
from postbox.screening.distilling.tree import Element
from postbox.screening.distilling.words import tokens

_IDENT = r"(?:[\w-]|[^\x00-\x7f]|\\[0-9a-fA-F]{1,6}\s?|\\.)+"
_SIMPLE = re.compile(
    rf"(?P<tag>{_IDENT}|\*)|\#(?P<id>{_IDENT})|\.(?P<cls>{_IDENT})|\[(?P<attr>[^\]\[]{{1,300}})\]"
    rf"|::?(?P<pseudo>{_IDENT})(?P<open>\()?"
)
_ATTRIBUTE = re.compile(
    r"\s*(?P<name>[\w:-]+)\s*(?:(?P<op>[~|^$*]?=)\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"']+)\s*(?P<flag>[is])?\s*)?"
).fullmatch
_COMBINATOR = re.compile(r"\s*([>+~])\s*|\s+")
_DEPTH = 6


def compile_list(text: str, budget: Budget, depth: int = 0) -> list[Selector]:
    """A selector list; ``Invalid`` where any of it is."""
    if depth > _DEPTH:
        raise Invalid(text[:40])
    return [_compile(part.strip(), budget, depth) for part in split_commas(text)]


def _compile(text: str, budget: Budget, depth: int) -> Selector:
    if not text:
        raise Invalid("empty selector")
    reader = Reader(text, budget, depth=depth)
    parts: list[Compound] = []
    combinator = ""
    while True:
        compound = _compound(reader)
        compound.combinator = combinator
        if parts and parts[-1].pseudo:
            raise Invalid(text[:40])
        parts.append(compound)
        if reader.at >= len(text):
            return Selector(tuple(reversed(parts)), reader.weight)
        match = _COMBINATOR.match(text, reader.at)
        if not match or len(parts) >= SELECTOR_PARTS:
            raise Invalid(text[:40])
        combinator, reader.at = match[1] or " ", match.end()


def _compound(reader: Reader) -> Compound:
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


def _take(match: re.Match[str], reader: Reader, compound: Compound, tests: list[Test]) -> None:
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
        name = match["pseudo"].lower()
        if name in {"before", "after", "first-line", "first-letter"} and not match["open"]:
            compound.pseudo = name
            reader.weight += 1
        else:
            tests.append(pseudo_class(name, bool(match["open"]), reader, compile_list))


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

    def test(element: Element) -> bool:
        actual = element.get(name)
        return actual is not None and compare(actual.lower() if fold else actual, wanted)

    return test


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda actual, wanted: actual == wanted,
    "~=": lambda actual, wanted: wanted in tokens(actual),
    "|=": lambda actual, wanted: actual == wanted or actual.startswith(wanted + "-"),
    "^=": lambda actual, wanted: bool(wanted) and actual.startswith(wanted),
    "$=": lambda actual, wanted: bool(wanted) and actual.endswith(wanted),
    "*=": lambda actual, wanted: bool(wanted) and wanted in actual,
}
