"""Digits of other scripts, which a reader takes for what they are: Arabic, Devanagari, Bengali, Thai, wide, styled.

Decides where in a text they are read as ASCII's, and tells places in what is read from places in the text.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left

from postbox.lib.linear import compiled

_OTHERS = "\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0e50-\u0e59\uff10-\uff19\U0001d7ce-\U0001d7ff"
PREFILTER = rf"[{_OTHERS}]{{4}}"

_RUN = compiled(PREFILTER)
_ONE = re.compile(rf"[{_OTHERS}]")


class Read:
    """A text with its digits as ASCII's, in ``octets``."""

    def __init__(self, text: bytes) -> None:
        said = text.decode("utf-8", "surrogateescape")
        parts: list[bytes] = []
        self._cuts: list[int] = []  # where in `octets` each of them ends
        self._shifts = [0]  # how many octets fewer there are up to it
        at = size = 0
        for one in _ONE.finditer(said):
            parts += [said[at : one.start()].encode("utf-8", "surrogateescape"), b"%d" % unicodedata.digit(one[0])]
            at, size = one.end(), size + len(parts[-2]) + 1
            self._cuts.append(size)
            self._shifts.append(self._shifts[-1] + len(one[0].encode()) - 1)
        self.octets = b"".join([*parts, said[at:].encode("utf-8", "surrogateescape")])

    def place(self, place: int) -> int:
        """Where a place of ``octets`` is in the text."""
        return place + self._shifts[bisect_left(self._cuts, place + 1)]


def has_others(text: bytes) -> bool:
    """Whether four of them stand side by side."""
    return _RUN.search(text) is not None
