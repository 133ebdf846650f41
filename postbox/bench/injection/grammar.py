"""Texts made by a grammar: sections of alternatives, one a line, that refer to each other.

A line ``[name]`` opens a section; each further line is one alternative of it. In an alternative ``<name>`` is a text of
that section or of ``slots``, ``(one|two|)`` one of these; a backslash takes the next character as it is and ``\\n`` is
a line end. Decides how grammars are read and expanded; what they say is in ``grammars/``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

from postbox.bench.injection.slots import SLOTS

FOLDER = Path(__file__).parent / "grammars"
_TOKEN = re.compile(r"\\(.)|<([a-z_0-9]+)>|([(|)])")
_DEEPEST = 24


class Grammar:
    """The sections of some files. Raises ValueError for a reference to a section that is not there."""

    def __init__(self, *names: str) -> None:
        self.sections: dict[str, list[str]] = {}
        for name in names:
            for section, line in _lines((FOLDER / f"{name}.txt").read_text("utf-8")):
                self.sections.setdefault(section, []).append(line)
        for lines in self.sections.values():
            for line in lines:
                self._check(line)

    def _check(self, line: str) -> None:
        for match in _TOKEN.finditer(line):
            if match[2] and match[2] not in self.sections and match[2] not in SLOTS:
                raise ValueError(f"no section {match[2]} for: {line}")

    def text(self, section: str, dice: random.Random) -> str:
        """One text of a section."""
        return _Expansion(self, dice).section(section, 0)

    def names(self, prefix: str) -> list[str]:
        """The sections whose names begin so."""
        return [name for name in self.sections if name.startswith(prefix)]


def _lines(text: str) -> Iterator[tuple[str, str]]:
    section = ""
    for line in text.split("\n"):
        if line.startswith("[") and line.endswith("]") and re.fullmatch(r"\[[a-z_0-9]+\]", line):
            section = line[1:-1]
        elif line.strip() and not line.startswith("# "):
            yield section, line


class _Expansion:
    def __init__(self, grammar: Grammar, dice: random.Random) -> None:
        self._grammar = grammar
        self._dice = dice

    def section(self, name: str, depth: int) -> str:
        if name not in self._grammar.sections:
            return SLOTS[name](self._dice)
        if depth > _DEEPEST:
            raise ValueError(f"section {name} refers to itself without end")
        return self._line(self._dice.choice(self._grammar.sections[name]), depth)

    def _line(self, line: str, depth: int) -> str:
        """Left to right, with a stack of open choices; each holds its finished alternatives and the current one."""
        stack: list[list[str]] = [[""]]
        at = 0
        for match in _TOKEN.finditer(line):
            stack[-1][-1] += line[at : match.start()]
            at = match.end()
            if match[1]:
                stack[-1][-1] += "\n" if match[1] == "n" else match[1]
            elif match[2]:
                stack[-1][-1] += self.section(match[2], depth + 1)
            elif match[3] == "(":
                stack.append([""])
            elif match[3] == "|" and len(stack) > 1:
                stack[-1].append("")
            elif match[3] == ")" and len(stack) > 1:
                chosen = self._dice.choice(stack.pop())
                stack[-1][-1] += chosen
            else:
                stack[-1][-1] += match[3]
        return stack[0][0] + line[at:]
