"""What can be wrong with an attachment, and the bounds of looking.

Decides the vocabulary; what follows from a concern is the policy's to say (the step ``attachments``).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """Concerns that a policy treats alike; each is the end of a setting ``attachments_…``."""

    EXECUTABLES = "executables"
    MACROS = "macros"
    ENCRYPTED = "encrypted"
    OPAQUE = "opaque"
    DISGUISED = "disguised"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing found: a ``code`` for programs, and words that follow the attachment's name."""

    group: Group
    code: str
    words: str


Concerns = Iterator[Concern]

MEMBERS = 2000
DEPTH = 4
INFLATED = 48 * 1024 * 1024
SECONDS = 0.5  # of CPU time, for all attachments of a mail together
RATIO = 200
RATIO_FROM = 4 * 1024 * 1024


class BoundReached(Exception):
    """Looking further would take too much; ``words`` say of what."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class Budget:
    """What looking into the attachments of one mail may take. Every count only goes down."""

    def __init__(self, *, members: int = MEMBERS, octets: int = INFLATED, seconds: float = SECONDS) -> None:
        self._members = members
        self._octets = octets
        self._until = time.thread_time() + seconds

    def member(self) -> None:
        """Count one file inside another. Raises BoundReached."""
        self._members -= 1
        if self._members < 0:
            raise BoundReached(f"more than {MEMBERS:,} files inside each other")
        if time.thread_time() > self._until:
            raise BoundReached("more work than is done for one mail")

    @property
    def left(self) -> int:
        """How many octets may still be unpacked."""
        return self._octets

    def unpacked(self, count: int) -> None:
        """Count octets that were unpacked. Raises BoundReached."""
        self._octets -= count
        if self._octets < 0:
            raise BoundReached(f"more than {INFLATED // 2**20} MiB when unpacked")
        if time.thread_time() > self._until:
            raise BoundReached("more work than is done for one mail")
