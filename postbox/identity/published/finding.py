"""What was found in DNS for one record, and what it means in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

MOST_SHOWN = 10
_LONGEST = 500


class State(StrEnum):
    """Where a record stands. ``unknown``: DNS did not say, so nothing is concluded. ``pending``: not looked at yet."""

    PENDING = "pending"
    OK = "ok"
    WRONG = "wrong"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """A judgement: ``found`` is what DNS holds, ``advice`` what to do or to know; empty when all is well."""

    state: State
    found: tuple[str, ...] = ()
    advice: str = ""


def shown(values: Iterable[str]) -> tuple[str, ...]:
    """What strangers published, fit to be stored and shown: few, short, printable."""
    found = sorted(values)[:MOST_SHOWN]
    return tuple("".join(c if c.isprintable() else "\ufffd" for c in value[:_LONGEST]) for value in found)
