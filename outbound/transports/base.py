"""What a transport is given and gives back.

Decides the vocabulary of results: a recipient was accepted, refused for now, refused for good, or nobody knows. A
transport hands over what it is given, in that order, and never decides whether a mail may go.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What became of one recipient. ``UNKNOWN``: the connection broke when the mail may have been taken already."""

    ACCEPTED = "accepted"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail opened for handing over: its octets, signed, and whom it is for in this try."""

    id: uuid.UUID
    mail_from: str
    raw: bytes
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one recipient: ``code`` is the server's or the provider's, ``detail`` its words."""

    address: str
    outcome: Outcome
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What was said of a letter, an answer for each of its addresses; ``provider_id`` is how the provider names it."""

    id: uuid.UUID
    answers: tuple[Answer, ...]
    provider_id: str = ""


class Transport(Protocol):
    """A way out. ``name`` stands in rows and metrics."""

    name: str

    def ship(self, letters: Sequence[Letter]) -> Iterable[Result]:
        """Hand letters over; yields each one's result as soon as it is known. Raises nothing for a letter's trouble."""
        ...

    def close(self) -> None:
        """End kept-open connections."""
        ...


def same(letter: Letter, outcome: Outcome, code: str = "", detail: str = "", provider_id: str = "") -> Result:
    """One answer for every recipient."""
    answers = tuple(Answer(address, outcome, code, detail[:500]) for address in letter.addresses)
    return Result(letter.id, answers, provider_id)
