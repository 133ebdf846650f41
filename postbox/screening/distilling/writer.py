"""Visible text to plain lines: white space collapsed, blocks on lines of their own, cells apart, quotes marked.

Decides layout of the output only, and stops at its size limit. It never decides what is visible.
"""

from __future__ import annotations

from postbox.screening.distilling.limits import QUOTE_DEPTH, TEXT_BYTES


class Writer:
    """Takes text and breaks in reading order; ``result`` gives the text, ``full`` says that the limit was reached."""

    __slots__ = ("_breaks", "_gap", "_marker", "_need", "_parts", "_quotes", "_room", "_tab", "full")

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._need = 0
        self._breaks = 0
        self._gap = False
        self._tab = False
        self._marker = ""
        self._quotes = 0
        self._room = TEXT_BYTES
        self.full = False

    @property
    def place(self) -> int:
        """Where the output stands, for ``since``."""
        return len(self._parts)

    def since(self, place: int) -> str:
        """What was written since then, on one line."""
        return " ".join("".join(self._parts[place:]).split())

    def text(self, raw: str) -> None:
        """Text whose white space collapses."""
        words = raw.split()
        if not words:
            self._gap = True
            return
        first = raw[0]
        if first.isspace():
            self._gap = True
        self._write(" ".join(words))
        self._gap = raw[-1].isspace()

    def preformatted(self, raw: str) -> None:
        """Text whose line breaks and blanks stay."""
        for index, line in enumerate(raw.split("\n")):
            if index:
                self.line_break()
            if line.strip():
                self._write(line.rstrip() if line.rstrip() else line)

    def line_break(self) -> None:
        self._breaks += 1

    def block(self, lines: int) -> None:
        """Ends the line (1) or leaves a blank one (2)."""
        if lines > self._need:
            self._need = lines
        self._tab = False

    def cell(self) -> None:
        """Sets the next text apart from the cell before it on the same line."""
        self._tab = True

    def mark(self, marker: str) -> None:
        """A list item's marker, written with its first text."""
        self.block(1)
        self._marker = marker

    def quote(self, change: int) -> None:
        self.block(2)
        self._quotes += change

    def _write(self, chunk: str) -> None:
        if self.full:
            return
        before = self._separator()
        if self._marker:
            before += self._marker
            self._marker = ""
        chunk = before + chunk
        size = len(chunk) if chunk.isascii() else len(chunk.encode("utf-8", "replace"))
        if size > self._room:
            chunk = chunk.encode("utf-8", "replace")[: self._room].decode("utf-8", "ignore")
            self.full = True
        self._room -= size
        self._parts.append(chunk)

    def _separator(self) -> str:
        lines = max(self._need, min(self._breaks, 2))
        gap, tab = self._gap, self._tab
        self._need = self._breaks = 0
        self._gap = self._tab = False
        prefix = "> " * min(self._quotes, QUOTE_DEPTH) if self._quotes else ""
        if not self._parts:
            return prefix
        if lines:
            return "\n" + (prefix.rstrip() + "\n" if lines > 1 else "") + prefix
        return "\t" if tab else " " if gap else ""

    def result(self) -> str:
        return "".join(self._parts)
