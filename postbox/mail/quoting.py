"""Which lines of a text repeat what came before, so that a conversation can fold them.

Decides by the marks that mail programs set: lines that begin with ``>`` (RFC 3676, section 4.5), the line that says who
wrote them, and a line of dashes before a forwarded or original message. Nothing is taken away.
"""

from __future__ import annotations

from dataclasses import dataclass

_LONGEST_ATTRIBUTION = 300


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of lines; ``quoted``: it repeats another mail."""

    text: str
    quoted: bool

    @property
    def lines(self) -> int:
        return self.text.count("\n") + 1


def pieces(text: str) -> list[Piece]:
    """``text`` cut into written and quoted runs, in order; empty runs are left out."""
    lines = text.split("\n")
    quoted = _marked(lines)
    runs: list[tuple[bool, list[str]]] = []
    for line, is_quoted in zip(lines, quoted, strict=True):
        if not runs or runs[-1][0] != is_quoted:
            runs.append((is_quoted, []))
        runs[-1][1].append(line)
    found = (Piece("\n".join(run).strip("\n"), is_quoted) for is_quoted, run in runs)
    return [piece for piece in found if piece.text.strip()]


def _marked(lines: list[str]) -> list[bool]:
    """For each line whether it is quoted. One pass forward, and one back for attributions and blank lines."""
    marked, below = [], False
    for line in lines:
        below = below or _begins_original(line)
        marked.append(below or line.lstrip().startswith(">"))
    after = False  # whether the next line that says anything is quoted by a mark
    for index in range(len(lines) - 1, -1, -1):
        if not lines[index].strip():
            marked[index] = marked[index] or after
        elif marked[index]:
            after = True
        elif after and _says_who_wrote(lines[index]):
            marked[index], after = True, False
        else:
            after = False
    return marked


def _begins_original(line: str) -> bool:
    """``-----Original Message-----`` and its like, as Outlook and others write them in any language."""
    bare = line.strip()
    return bare.startswith("-----") and bare.endswith("-----") and bare.strip("- ") != ""


def _says_who_wrote(line: str) -> bool:
    """``On Monday, Ann wrote:`` in whatever language: a line that ends with a colon, right before the quotation."""
    return line.rstrip().endswith(":") and len(line) <= _LONGEST_ATTRIBUTION
