"""Pseudo-classes (Selectors 4) as tests of an element.

Decides which of them a still page without a pointer fulfils; states that it never has (``:hover``, ``:visited``)
match nothing, and a name that is not known makes the whole selector list invalid, as CSS asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lxml.etree import _Element

from postbox.screening.distilling.selector_matching import Budget, Invalid, Reader, Selector, Test, matches
from postbox.screening.distilling.words import words

Compile = Callable[[str, Budget, int], list[Selector]]
_NTH = re.compile(r"\s*([+-]?\d*)n\s*(?:([+-])\s*(\d+))?\s*|\s*([+-]?\d+)\s*").fullmatch
_NEVER = frozenset(
    words(
        """
    hover active focus focus-within focus-visible visited target checked disabled invalid fullscreen before
    after first-line first-letter placeholder selection marker backdrop placeholder-shown -webkit-scrollbar
    -webkit-input-placeholder -moz-placeholder -webkit-search-decoration -webkit-inner-spin-button
    -webkit-outer-spin-button
    """
    )
)


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


def pseudo_class(name: str, opened: bool, reader: Reader, compile_list: Compile) -> Test:
    """The test that a pseudo-class stands for; ``opened`` says that an argument follows in the reader."""
    argument = _argument(reader) if opened else ""
    if name in {"is", "where", "not", "matches", "-webkit-any", "has"} and opened:
        return _functional(name, argument, reader, compile_list)
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
    "enabled": lambda element: (
        element.tag in {"input", "button", "select", "textarea"} and "disabled" not in element.attrib
    ),
    "defined": lambda element: True,
}


def _argument(reader: Reader) -> str:
    start, depth = reader.at, 1
    while depth:
        if reader.at >= len(reader.text):
            raise Invalid(reader.text[:40])
        depth += {"(": 1, ")": -1}.get(reader.text[reader.at], 0)
        reader.at += 1
    return reader.text[start : reader.at - 1]


def _functional(name: str, argument: str, reader: Reader, compile_list: Compile) -> Test:
    if name == "has":
        # What an element contains is not looked at: :has() is taken to hold wherever the rest does.
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
