"""The parts of a document that can be tested: its blocks of code, its headings and its links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.system import REPOSITORY

DOCS = REPOSITORY / "docs"
_FENCE = re.compile(r"^```(\w*)(?: (.*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]\[]*\]\(([^()\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what stands behind that, its text, and the line on which it begins."""

    language: str
    note: str
    text: str
    line: int


def documents() -> list[Path]:
    """Every document of ours."""
    return sorted([*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md"), *(REPOSITORY / "deploy").rglob("*.md")])


def blocks(path: Path) -> list[Block]:
    """The fenced blocks in order."""
    text = path.read_text()
    return [
        Block(found[1], found[2] or "", found[3], text.count("\n", 0, found.start()) + 1)
        for found in _FENCE.finditer(text)
    ]


def prose(path: Path) -> str:
    """The document without its blocks of code."""
    return _FENCE.sub("", path.read_text())


def links(path: Path) -> list[str]:
    """Where its links and images go, as written."""
    return _LINK.findall(re.sub(r"`[^`\n]*`", "", prose(path)))


def anchors(path: Path) -> set[str]:
    """What its headings are called in addresses, as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings(path)}


def headings(path: Path) -> list[str]:
    """The text of its headings."""
    return _HEADING.findall(prose(path))
