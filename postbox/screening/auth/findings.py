"""What looking for a mail's author gave, and how a look that lacks answers says so.

Decides shapes only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from postbox.lib.dns import Resolver, TemporaryFailure
from postbox.mail.authentication import UNKNOWN, Authentication

T = TypeVar("T")
Question = tuple[str, str]  # a name and a record type


class Missing(Exception):
    """These questions must be asked before this can be said.

    ``decides``: False where the answers would only add words, for which no mail should wait long.
    """

    def __init__(self, questions: Iterable[Question], *, decides: bool = True) -> None:
        super().__init__("DNS was not asked yet")
        self.questions = frozenset(questions)
        self.decides = decides


def all_at_once(questions: Iterable[Question], ask: Resolver) -> None:
    """Raise Missing for all of these that lack an answer, so that they need one round; other failures come later."""
    lacking: set[Question] = set()
    for question in questions:
        try:
            ask(*question)
        except Missing as missing:
            lacking |= missing.questions
        except TemporaryFailure:
            continue
    if lacking:
        raise Missing(lacking)


@dataclass(frozen=True, slots=True)
class Findings:
    """The verdicts, ``words`` for a person (why each is what it is), and who vouches beside.

    ``sealer`` is the trusted sealer (RFC 8617) that says that DMARC passed when the mail came to it; else empty.
    ``author`` is the one author's domain, empty where there is not exactly one. ``looked`` is False where there was
    nothing to go by: no client address, and no word of a trusted MTA.
    """

    authentication: Authentication = UNKNOWN
    words: str = ""
    author: str = ""
    sealer: str = ""
    looked: bool = True


class Collected:
    """Runs looks that may lack answers, and asks for everything that lacks at once."""

    def __init__(self) -> None:
        self._questions: set[Question] = set()

    def run(self, look: Callable[[], T], otherwise: T) -> T:
        """What ``look`` gives, or ``otherwise`` while an answer is missing."""
        try:
            return look()
        except Missing as missing:
            self._questions |= missing.questions
            return otherwise

    def check(self, *, decides: bool = True) -> None:
        """Raise Missing if any look lacked an answer."""
        if self._questions:
            raise Missing(self._questions, decides=decides)
