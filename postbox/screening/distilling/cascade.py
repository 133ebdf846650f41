"""The cascade (CSS Cascading 4): which value each property of an element ends with.

Decides the order: presentational hints, style sheets by specificity and place, the ``style`` attribute, then the same
again for what is important. It never computes a value from the parent's: ``style`` does.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from lxml.etree import _Element

from postbox.screening.distilling.declarations import CUSTOM, Declaration, Unresolved, Value, parse_declarations
from postbox.screening.distilling.hints import hints
from postbox.screening.distilling.limits import SELECTORS_IN_A_RULE, Deadline, Overrun
from postbox.screening.distilling.selector_matching import Budget, Invalid, Selector, matches
from postbox.screening.distilling.selectors import compile_list
from postbox.screening.distilling.stylesheet import style_rules

Declared = dict[str, Value]

TELLING = frozenset({"style", "class", "id", "hidden", "bgcolor", "color", "size", "popover"})
PARTICULAR = frozenset({"a", "body", "dialog", "marquee"})
"""Attributes that bear on style, apart from what attribute selectors look at; and tags for which others do too."""


@dataclass(frozen=True, slots=True)
class _Entry:
    specificity: int
    order: int
    selector: Selector
    declarations: tuple[Declaration, ...]


class Cascade:
    """The style sheets of one mail, indexed by the rightmost compound's id, class or tag."""

    def __init__(self, sheets: list[str], deadline: Deadline) -> None:
        self._budget = Budget()
        self._by_id: defaultdict[str, list[_Entry]] = defaultdict(list)
        self._by_class: defaultdict[str, list[_Entry]] = defaultdict(list)
        self._by_tag: defaultdict[str, list[_Entry]] = defaultdict(list)
        self._count = 0
        self._deadline = deadline
        self._known: dict[object, Declared] = {}
        for sheet in sheets:
            self._add(sheet)

    @property
    def has_rules(self) -> bool:
        return self._count > 0

    def _add(self, sheet: str) -> None:
        for rule in style_rules(sheet, self._deadline):
            if rule.selector.count(",") > SELECTORS_IN_A_RULE:
                raise Overrun
            try:
                selectors = compile_list(rule.selector, self._budget)
            except Invalid:
                continue
            for selector in selectors:
                self._count += 1
                if not self._count % 256 and self._deadline.passed():
                    raise Overrun
                entry = _Entry(selector.specificity, self._count, selector, rule.declarations)
                self._index(selector, entry)

    def _index(self, selector: Selector, entry: _Entry) -> None:
        rightmost = selector.parts[0]
        if rightmost.ident:
            self._by_id[rightmost.ident].append(entry)
        elif rightmost.classes:
            self._by_class[rightmost.classes[0]].append(entry)
        else:
            self._by_tag[rightmost.tag].append(entry)

    def declared(self, element: _Element, tag: str, key: object) -> tuple[Declared, bool]:
        """The winning declared values of an element, and whether tag and attributes alone decide them.

        ``key`` holds the tag and those attributes. The mapping may be shared and must not be changed.
        """
        known = self._known.get(key)
        if known is not None:
            return known, True
        attributes: Any = element.items()
        named = dict(attributes)
        candidates = self._candidates(tag, named) if self._count else []
        cacheable = not candidates or all(entry.selector.local for entry in candidates)
        found = self._cascaded(element, tag, named, candidates)
        if cacheable:
            self._known[key] = found
        return found, cacheable

    def _candidates(self, tag: str, named: dict[str, str]) -> list[_Entry]:
        found = list(self._by_tag.get(tag, ()))
        found += self._by_tag.get("", ())
        if ident := named.get("id"):
            found += self._by_id.get(ident, ())
        if classes := named.get("class"):
            for name in set(classes.split()):
                found += self._by_class.get(name, ())
        return found

    def _cascaded(self, element: _Element, tag: str, named: dict[str, str], candidates: list[_Entry]) -> Declared:
        matched = [entry for entry in candidates if matches(entry.selector, element, self._budget)]
        matched.sort(key=lambda entry: (entry.specificity, entry.order))
        blocks = [entry.declarations for entry in matched]
        if style := named.get("style"):
            blocks.append(parse_declarations(style))
        return _layered(hints(tag, named), blocks)


def _layered(result: Declared, blocks: list[tuple[Declaration, ...]]) -> Declared:
    """Hints, then the blocks in rising order, then what is important in them in the same order."""
    important: list[tuple[str, Value]] = []
    for block in blocks:
        for name, value, is_important in block:
            if is_important:
                important.append((name, value))
            else:
                _put(result, name, value)
    for name, value in important:
        _put(result, name, value)
    return result


def _put(result: Declared, name: str, value: Value) -> None:
    """Later wins; its place in the mapping is renewed, so that shorthands with ``var()`` expand in order."""
    if name in result:
        del result[name]
    result[name] = value
    if name[:2] == CUSTOM or type(value) is Unresolved:
        result[CUSTOM] = True
