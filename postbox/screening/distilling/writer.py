"""Visible text to plain lines: white space collapsed, blocks on lines of their own, cells apart, quotes marked.

Decides layout of the output only, and stops at its size limit. It never decides what is visible.
"""

from __future__ import annotations

from postbox.screening.distilling.limits import QUOTE_DEPTH, TEXT_BYTES


class Writer:
    """Takes text and breaks in reading order; ``result`` gives the text, ``full`` says that the limit was reached.

    Set from outside, for speed: ``gap`` (white space was met), ``tab`` (the next text starts a cell), ``breaks``
    (line breaks met), ``need`` (line ends that blocks ask for).
    """

    __slots__ = ("_marker", "_parts", "_quoted", "_quotes", "_room", "breaks", "full", "gap", "need", "tab")

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.need = 0
        self.breaks = 0
        self.gap = False
        self.tab = False
        self._marker = ""
        self._quotes = 0
        self._quoted = 0
        self._room = TEXT_BYTES
        self.full = False

    @property
    def place(self) -> int:
        """Where the output stands, for ``since``."""
        return len(self._parts)

    def since(self, place: int) -> str:
        """What was written since then, on one line."""
        parts = self._parts
        if place == len(parts):
            return ""
        return " ".join((parts[place] if place == len(parts) - 1 else "".join(parts[place:])).split())

    def text(self, raw: str) -> None:
        """Text whose white space collapses."""
        words = raw.split()
        if not words:
            self.gap = True
            return
        chunk = " ".join(words)
        if len(chunk) == len(raw):
            self._write(chunk)
            return
        if raw[0].isspace():
            self.gap = True
        self._write(chunk)
        self.gap = raw[-1].isspace()

    def preformatted(self, raw: str) -> None:
        """Text whose line breaks and blanks stay."""
        for index, line in enumerate(raw.split("\n")):
            if index:
                self.breaks += 1
            if line.strip():
                self._write(line.rstrip() if line.rstrip() else line)

    def block(self, lines: int) -> None:
        """Ends the line (1) or leaves a blank one (2)."""
        if lines > self.need:
            self.need = lines
        self.tab = False

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
        lines, gap, tab = self.need, self.gap, self.tab
        if self.breaks > lines:
            lines = 2 if self.breaks > 1 else 1
        self.need = self.breaks = 0
        self.gap = self.tab = False
        if self._quotes or self._quoted:
            chunk = self._quote_separator(lines, tab, gap) + self._marker + chunk
        elif self._parts:
            before = "\n\n" if lines > 1 else "\n" if lines else "\t" if tab else " " if gap else ""
            chunk = before + self._marker + chunk
        else:
            chunk = self._marker + chunk
        self._marker = ""
        size = len(chunk)
        if not chunk.isascii():
            size = len(chunk.encode("utf-8", "replace"))
        if size > self._room:
            chunk = chunk.encode("utf-8", "replace")[: self._room].decode("utf-8", "ignore")
            self.full = True
        self._room -= size
        self._parts.append(chunk)

    def _quote_separator(self, lines: int, tab: bool, gap: bool) -> str:
        depth = min(self._quotes, QUOTE_DEPTH)
        prefix, common = "> " * depth, "> " * min(depth, self._quoted)
        self._quoted = depth
        if not self._parts:
            return prefix
        if lines:
            return "\n" + (common.rstrip() + "\n" if lines > 1 else "") + prefix
        return "\t" if tab else " " if gap else ""

    def result(self) -> str:
        return "".join(self._parts)
