"""What was found, and the vocabulary of kinds.

Decides the words for each kind. A finding's value never goes into a verdict, a log or an event; its kind does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kinds that every address has looked for; an owner's own pattern has the kind ``own``."""

    CARD = "card"
    SSN = "ssn"
    IBAN = "iban"
    API_KEY = "api_key"
    PRIVATE_KEY = "private_key"
    OWN = "own"


_NO_SIGN = re.compile(rb"[\x00-/:-@[-`{-\x7f]+|\xc2[\xa0\xad]|\xe2[\x80-\x8b][\x80-\xbf]|\xe3\x80\x80|\xef\xbc\x8d")
_WORDS = {
    Kind.CARD: ("payment card number", "payment card numbers"),
    Kind.SSN: ("US social security number", "US social security numbers"),
    Kind.IBAN: ("bank account number (IBAN)", "bank account numbers (IBAN)"),
    Kind.API_KEY: ("API key", "API keys"),
    Kind.PRIVATE_KEY: ("private key", "private keys"),
    Kind.OWN: ("match of the owner's pattern", "matches of the owner's pattern"),
}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A stretch of UTF-8 octets; ``name`` says whose key it is, or which of the owner's patterns found it."""

    begin: int
    end: int
    kind: Kind
    name: str = ""


Spot = tuple[Kind, str, bytes]
"""A finding without its place: kind, name, the octets themselves."""


def core(value: bytes) -> bytes:
    """Its letters and digits alone: by what a number is known however it is written."""
    return _NO_SIGN.sub(b"", value)


def in_words(spots: Iterable[Spot]) -> str:
    """``2 payment card numbers, 1 API key (aws)``; no octet of what was found.

    A number that stands there again, with other blanks or hyphens or none, is counted once.
    """
    distinct = {(kind, name, core(value) or value) for kind, name, value in spots}
    counts = Counter((kind, name) for kind, name, _ in distinct)
    return ", ".join(_words(kind, name, count) for (kind, name), count in counts.most_common())


def _words(kind: Kind, name: str, count: int) -> str:
    named = f" “{name}”" if kind is Kind.OWN else f" ({name})" if name else ""
    return f"{count} {_WORDS[kind][count > 1]}{named}"
