"""Entries made into rules, found by their trigger words.

A pattern is tried only where one of its trigger words stands, and every gap in it has an upper bound, so that the
work is linear in the text. This module decides how rules are found and compiled; it never adds anything up:
``injection`` does.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from postbox.screening.evidence import dictated, english_actions, english_answers, english_orders, languages
from postbox.screening.evidence.families import Entry, Family
from postbox.screening.evidence.parts import NEEDS, PARTS

_PARTS: Final = {**PARTS, **languages.PARTS}


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern and its weight in log-odds.

    ``needs``, where there are any, are words of which the text must hold one for the pattern to be tried at all.
    """

    family: Family
    weight: float
    source: str
    needs: frozenset[str]

    def match(self, text: str, at: int) -> re.Match[str] | None:
        """The pattern at this place of a lower-case text."""
        return _compiled(self.source).match(text, at)


@cache
def _compiled(source: str) -> re.Pattern[str]:
    """Patterns are compiled when first needed: loading this module stays quick."""
    for name, part in _PARTS.items():
        source = source.replace(f"<{name}>", part)
    return re.compile(source)


def _rules(family: Family, entries: tuple[Entry, ...]) -> Iterator[tuple[str, Rule]]:
    for weight, triggers, pattern, *rest in entries:
        needs = frozenset(word for names in rest for name in names.split() for word in NEEDS.get(name, name).split())
        rule = Rule(family, weight, pattern, needs)
        for trigger in triggers.split():
            yield trigger, rule


def _by_trigger() -> dict[str, tuple[Rule, ...]]:
    gathered: defaultdict[str, list[Rule]] = defaultdict(list)
    for wording in (
        english_orders.RULES,
        english_actions.RULES,
        english_answers.RULES,
        dictated.RULES,
        languages.RULES,
    ):
        for family, entries in wording.items():
            for trigger, rule in _rules(family, entries):
                gathered[trigger].append(rule)
    return {trigger: tuple(rules) for trigger, rules in gathered.items()}


BY_TRIGGER: Final = _by_trigger()
TRIGGERS: Final = frozenset(BY_TRIGGER)


def strong_triggers(least: float) -> frozenset[str]:
    """The words at which a rule of at least this weight is tried."""
    return frozenset(
        trigger for trigger, entries in BY_TRIGGER.items() if any(rule.weight >= least for rule in entries)
    )
