"""Selectors once compiled, and whether they match: right to left, every step taken from a budget.

Decides matching. It never reads a selector's text: ``selectors`` and ``pseudo_classes`` do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from postbox.screening.distilling.limits import Overrun
from postbox.screening.distilling.tree import COMMENT, Element
from postbox.screening.distilling.words import tokens

Test = Callable[[Element], bool]


def never(_element: Element) -> bool:
    """The test of a state that a still page never has."""
    return False


def is_link(element: Element) -> bool:
    """Whether it leads somewhere; tag and attributes alone decide."""
    return element.tag in {"a", "area"} and element.get("href") is not None


STEPS = 300_000


@dataclass(slots=True)
class Compound:
    """Simple selectors without a combinator; ``combinator`` joins it to the one on its left."""

    tag: str = ""
    ident: str = ""
    classes: tuple[str, ...] = ()
    tests: tuple[Test, ...] = ()
    combinator: str = ""
    pseudo: str = ""


@dataclass(frozen=True, slots=True)
class Selector:
    """Compounds from right to left and the specificity as one number (ids, classes, tags: a thousand apart)."""

    parts: tuple[Compound, ...]
    specificity: int

    @property
    def pseudo(self) -> str:
        """The pseudo-element that is meant, empty for the element itself."""
        return self.parts[0].pseudo

    @property
    def local(self) -> bool:
        """Whether tag and attributes of the element alone decide."""
        return len(self.parts) == 1 and (not self.parts[0].tests or self.parts[0].tests == (is_link,))

    def names(self, folds: bool) -> frozenset[str]:
        """The classes and ids without which a mail holds no match, in small letters where case makes no difference."""
        names = [name for part in self.parts for name in (*part.classes, part.ident) if name]
        return frozenset(map(str.lower, names) if folds else names)

    @property
    def never(self) -> bool:
        """Whether it matches nothing, whatever the mail."""
        return any(never in part.tests for part in self.parts)


@dataclass(slots=True)
class Budget:
    """Steps that matching may still take in this mail."""

    left: int = STEPS
    folds: bool = False
    """Whether classes and ids match in any case."""

    def spend(self, steps: int = 1) -> None:
        self.left -= steps
        if self.left < 0:
            raise Overrun


@dataclass(slots=True)
class Reader:
    """A place in a selector's text."""

    text: str
    budget: Budget
    at: int = 0
    depth: int = 0
    weight: int = field(default=0)


class Invalid(ValueError):
    """A selector that CSS would drop."""


def compound_matches(part: Compound, element: Element, folds: bool = False) -> bool:
    """Whether one compound holds for one element."""
    if part.tag and part.tag != element.tag:
        return False
    if (
        part.ident
        and part.ident != element.get("id")
        and not (folds and part.ident.lower() == (element.get("id") or "").lower())
    ):
        return False
    if part.classes:
        named = element.get("class")
        if not named:
            return False
        if not _held(part.classes, named) and not (folds and _held(part.classes, named, fold=True)):
            return False
    for test in part.tests:  # noqa: SIM110 - a loop, since this is asked for every rule and element
        if not test(element):
            return False
    return True


def _held(classes: tuple[str, ...], named: str, fold: bool = False) -> bool:
    names = tokens(named.lower() if fold else named)
    for name in classes:  # noqa: SIM110 - as above
        if (name.lower() if fold else name) not in names:
            return False
    return True


def matches(selector: Selector, element: Element, budget: Budget) -> bool:
    """Whether the whole selector holds; every step is taken from the budget."""
    return _matches_from(selector.parts, 0, element, budget)


def _matches_from(parts: tuple[Compound, ...], at: int, element: Element, budget: Budget) -> bool:
    budget.spend()
    if not compound_matches(parts[at], element, budget.folds):
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


def _before(element: Element, combinator: str) -> Element | None:
    if combinator in {" ", ">"}:
        return element.parent
    if element.parent is None:
        return None
    around, place = element.parent.children, element.place - 1
    while place >= 0 and around[place].tag == COMMENT:
        place -= 1
    return around[place] if place >= 0 else None
