"""Answers as documents show them: blocks of ``http`` with a status line, the headers that matter, and a body."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.docs.likeness import differences
from tests.docs.markdown import Block, blocks
from tests.docs.shell import Ran


@dataclass(frozen=True)
class Answer:
    """What a document promises."""

    status: int
    headers: dict[str, str]
    body: str

    @classmethod
    def of(cls, block: Block) -> Answer:
        head, _, body = block.text.strip().partition("\n\n")
        first, *fields = head.splitlines()
        pairs = (line.partition(": ") for line in fields)
        return cls(int(first.split()[1]), {name.lower(): value for name, _, value in pairs}, body.strip())

    def unlike(self, ran: Ran) -> list[str]:
        """Where what came is not what was promised."""
        found = [] if ran.status == self.status else [f"status: shown {self.status}, is {ran.status}: {ran.output}"]
        found += differences(self.headers, {name: ran.headers.get(name, "") for name in self.headers}, "header")
        if found:
            return found
        if self.body.startswith("{"):
            return differences(json.loads(self.body), json.loads(ran.output), "body")
        return differences(self.body, ran.output.strip(), "body")


def typed(path: Path) -> list[Block]:
    """The blocks that a reader types into a shell."""
    return [block for block in blocks(path) if block.language == "sh"]


def promised(path: Path) -> Iterator[tuple[Block | None, Answer]]:
    """Each answer with the block that it follows; with None where it stands alone."""
    before: Sequence[Block | None] = [None, *blocks(path)]
    for previous, block in zip(before, before[1:], strict=False):
        if block is not None and block.language == "http":
            yield (previous if previous and previous.language == "sh" else None), Answer.of(block)
