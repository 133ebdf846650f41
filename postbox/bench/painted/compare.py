"""How near a text is to what was painted: recall and precision of words, and whether their order was kept.

Decides what a word is: a run of letters and digits in lower case, without characters that nobody sees.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from statistics import fmean, median

from postbox.bench.painted.browser import Word
from postbox.screening.distilling.invisible import Invisible

_WORDS = re.compile(r"\w+").findall
_LONGEST_SEQUENCE = 1_500
"""Longer mails are left out of the similarity of sequences, which takes quadratic time."""


def painted_words(words: list[Word]) -> list[str]:
    """The painted words in order; stretches that touch are one."""
    return plain_words("".join(("" if word.glued else " ") + word.text for word in words if word.painted))


def plain_words(text: str) -> list[str]:
    """The words of a text."""
    return _WORDS(Invisible().strip(text).lower())


@dataclass(slots=True)
class Tally:
    """What one way of reading made of a corpus."""

    mails: int = 0
    right: int = 0
    painted: int = 0
    given: int = 0
    likeness: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    def add(self, painted: list[str], given: list[str], milliseconds: float) -> None:
        """Counts one mail."""
        self.mails += 1
        self.right += sum((Counter(painted) & Counter(given)).values())
        self.painted += len(painted)
        self.given += len(given)
        self.milliseconds.append(milliseconds)
        if painted and len(painted) <= _LONGEST_SEQUENCE and len(given) <= 3 * _LONGEST_SEQUENCE:
            self.likeness.append(SequenceMatcher(None, painted, given, autojunk=False).ratio())

    @property
    def recall(self) -> float:
        return self.right / self.painted if self.painted else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.given if self.given else 1.0

    @property
    def order(self) -> float:
        """The mean similarity of sequences, 1 where every word stands in its place."""
        return fmean(self.likeness) if self.likeness else 1.0

    @property
    def median_ms(self) -> float:
        return median(self.milliseconds) if self.milliseconds else 0.0
