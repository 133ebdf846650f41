"""What a package shows of itself on the front page.

Decides the shape of a figure. Config names the functions that give them (``POSTBOX_DASHBOARD``), so that packages above
may show theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

from postbox.desk.words import Level

# Beyond this a figure says "more than", so that no page counts a whole table.
COUNTED_UP_TO = 10_000


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its name. ``hint`` says what it means; ``link`` is a path of the admin."""

    label: str
    value: str
    hint: str = ""
    level: Level = Level.PLAIN
    link: str = ""


def counted(count: int) -> str:
    """A count that was stopped just above COUNTED_UP_TO, as people read it."""
    return f"{COUNTED_UP_TO:,}+" if count > COUNTED_UP_TO else f"{count:,}"
