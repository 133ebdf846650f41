"""Pseudo-classes (Selectors 4) as tests of an element.

Decides which of them a still page without a pointer fulfils; states that it never has (``:hover``, ``:visited``)
match nothing, and a name that is not known makes the whole selector list invalid, as CSS asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from postbox.screening.distilling.selector_matching import (
    Budget,
    Compound,
    Invalid,
    Reader,
    Selector,
    Test,
    is_link,
    matches,
    never,
)
from postbox.screening.distilling.tree import COMMENT, Element
from postbox.screening.distilling.words import words

Compile = Callable[[str, Budget, int], list[Selector]]
_NTH = re.compile(r"\s*([+-]?\d*)n\s*(?:([+-])\s*(\d+))?\s*|\s*([+-]?\d+)\s*").fullmatch
_NEVER = frozenset(
    words(
        """
    hover active focus focus-within focus-visible visited target fullscreen before user-invalid
    user-valid out-of-range modal popover-open autofill playing muted picture-in-picture target-within
    target-current host seeking stalled buffering volume-locked active-view-transition xr-overlay
    details-content file-selector-button grammar-error spelling-error target-text cue view-transition
    picker-icon checkmark scroll-marker scroll-marker-group column search-text
    after first-line first-letter placeholder selection marker backdrop -webkit-scrollbar
    -webkit-input-placeholder -moz-placeholder -webkit-search-decoration -webkit-inner-spin-button
    -webkit-outer-spin-button
    """
    )
)


_NEVER_OF = frozenset(
    words(
        """
    part slotted highlight host host-context state view-transition-group view-transition-image-pair
    view-transition-old view-transition-new active-view-transition-type scroll-button picker
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
    if name in {"is", "where", "not", "-webkit-any", "has"} and opened:
        return _functional(name, argument, reader, compile_list)
    if name not in {"before", "after", "first-line", "first-letter"}:
        reader.weight += 1_000
    if name.startswith("nth-") and opened:
        return _nth_of(name, argument, reader, compile_list)
    if name in _STRUCTURAL:
        return _nth(*_STRUCTURAL[name], reader.budget)
    if name in _PLAIN:
        return _PLAIN[name]
    if name in {"only-child", "only-of-type"}:
        kind = name.removeprefix("only-")
        first = _nth(f"nth-{kind}", "1", reader.budget)
        last = _nth(f"nth-last-{kind}", "1", reader.budget)
        return lambda element: first(element) and last(element)
    if name in {"lang", "dir"} and opened:
        return _inherited_attribute(name, [part.strip(" \"'").lower() for part in argument.split(",")])
    if name in _NEVER or name.startswith("-webkit-") or (opened and name in _NEVER_OF):
        return never
    raise Invalid(name)


_STRUCTURAL = {
    "first-child": ("nth-child", "1"), "last-child": ("nth-last-child", "1"),
    "first-of-type": ("nth-of-type", "1"), "last-of-type": ("nth-last-of-type", "1"),
}  # fmt: skip
_CONTROLS = frozenset({"input", "button", "select", "textarea", "option", "optgroup", "fieldset"})
_CHECKED = frozenset({"input", "select", "textarea", "form", "fieldset"})
_PLAIN: dict[str, Test] = {
    "link": is_link,
    "any-link": is_link,
    "-webkit-any-link": is_link,
    "root": lambda element: element.parent is None,
    "scope": lambda element: element.parent is None,
    "empty": lambda element: not element.children and not element.text,
    "checked": lambda element: (
        (element.tag == "input" and "checked" in element.attrib)
        or (element.tag == "option" and "selected" in element.attrib)
    ),
    "disabled": lambda element: element.tag in _CONTROLS and "disabled" in element.attrib,
    "required": lambda element: element.tag in _CONTROLS and "required" in element.attrib,
    "optional": lambda element: element.tag in _CONTROLS and "required" not in element.attrib,
    "placeholder-shown": lambda element: (
        element.tag in {"input", "textarea"} and bool(element.get("placeholder")) and not element.get("value")
    ),
    "read-only": lambda element: element.tag not in {"input", "textarea"} or "readonly" in element.attrib,
    "read-write": lambda element: element.tag in {"input", "textarea"} and "readonly" not in element.attrib,
    "valid": lambda element: element.tag in _CHECKED and not _lacks(element),
    "invalid": lambda element: element.tag in _CHECKED and _lacks(element),
    "in-range": lambda element: element.get("type", "") in {"number", "range", "date"} and len(element.attrib) > 1,
    "paused": lambda element: element.tag in {"audio", "video"},
    "indeterminate": lambda element: (
        (element.tag == "progress" and "value" not in element.attrib)
        or (element.get("type", "").lower() == "radio" and "checked" not in element.attrib)
    ),
    "default": lambda element: "checked" in element.attrib or "selected" in element.attrib,
    "open": lambda element: element.tag in {"details", "dialog"} and "open" in element.attrib,
    "enabled": lambda element: (
        element.tag in {"input", "button", "select", "textarea"} and "disabled" not in element.attrib
    ),
    "defined": lambda element: "-" not in element.tag,
}


def _lacks(element: Element) -> bool:
    """Whether a control, or one in a form, asks for a value and has none; patterns of values are not looked at."""
    if element.tag in {"form", "fieldset"}:
        return any(_lacks(one) for one in list(element.iter("input", "textarea", "select"))[:100])
    has = element.get("value") or (element.text if element.tag != "input" else "") or "checked" in element.attrib
    return "required" in element.attrib and not has


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
        return _has(argument, reader, compile_list)
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


def _has(argument: str, reader: Reader, compile_list: Compile) -> Test:
    """Relative selectors: whether anything related to the element matches (Selectors 4, 4.5)."""
    budget, anchor = reader.budget, list[Element]()
    found: list[tuple[str, Selector]] = []
    for part in split_commas(argument):
        part = part.strip()
        combinator = part[:1] if part[:1] in {">", "+", "~"} else " "
        for one in compile_list(part.lstrip(">+~ "), budget, reader.depth + 1):
            one.parts[-1].combinator = combinator
            last = Compound(tests=(lambda element: element is anchor[-1],))
            found.append((combinator, Selector((*one.parts, last), one.specificity)))
    reader.weight += max((one.specificity for _, one in found), default=0)

    def test(element: Element) -> bool:
        anchor.append(element)
        try:
            for combinator, one in found:
                for other in _related(element, combinator):
                    budget.spend(8)
                    if other.tag != COMMENT and matches(one, other, budget):
                        return True
            return False
        finally:
            anchor.pop()

    return test


def _related(element: Element, combinator: str) -> Iterator[Element]:
    if combinator in {" ", ">"}:
        yield from element.iterdescendants()
        return
    for other in element.itersiblings():
        yield other
        yield from other.iterdescendants()


def _nth_of(name: str, argument: str, reader: Reader, compile_list: Compile) -> Test:
    argument, joint, among = argument.partition(" of ")
    if not joint:
        return _nth(name, argument, reader.budget)
    budget = reader.budget
    found = [one for part in split_commas(among) for one in compile_list(part, budget, reader.depth + 1)]
    reader.weight += max(one.specificity for one in found)

    def chosen(element: Element) -> bool:
        return any(matches(one, element, budget) for one in found)

    counted = _nth(name, argument, budget, chosen)
    return lambda element: chosen(element) and counted(element)


def _nth(name: str, argument: str, budget: Budget, chosen: Test | None = None) -> Test:
    match = _NTH({"odd": "2n+1", "even": "2n"}.get(argument.strip().lower(), argument.lower()))
    if not match:
        raise Invalid(argument[:40])
    if match[4]:
        step, offset = 0, int(match[4][:9])
    else:
        step = int(match[1][:9]) if match[1] not in {"", "+", "-"} else (-1 if match[1] == "-" else 1)
        offset = int((match[2] or "+") + (match[3] or "0")[:9])
    backwards, typed = "last" in name, name.endswith("of-type")

    def test(element: Element) -> bool:
        place = 1
        for other in element.itersiblings(preceding=not backwards):
            budget.spend()
            alike = other.tag != COMMENT and (not typed or other.tag == element.tag)
            if alike and (chosen is None or chosen(other)):
                place += 1
        if not step:
            return place == offset
        return (place - offset) % step == 0 and (place - offset) // step >= 0

    return test


def _inherited_attribute(name: str, wanted: list[str]) -> Test:
    """``:lang()`` and ``:dir()``: the nearest attribute above decides."""

    def test(element: Element) -> bool:
        at: Element | None = element
        while at is not None:
            actual = at.get(name)
            if actual is not None:
                actual = actual.lower()
                return any(actual == one or (name == "lang" and actual.startswith(one + "-")) for one in wanted)
            at = at.parent
        return name == "dir" and "ltr" in wanted

    return test
