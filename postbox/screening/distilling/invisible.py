"""Characters that are in a text and that no one sees: zero-width, bidi controls, tags, variation selectors.

Decides which are taken out and what they spelled. Joiners that a script or an emoji needs stay, since they change
what is painted. It never changes a character that has a glyph.
"""

from __future__ import annotations

import re

_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]+"
)
_JOINED = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0e80-\u0fff\u1000-\u109f\u1780-\u17ff\u1800-\u18af\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]"
)
_STYLED = re.compile("[#*0-9\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]")
_FLAG = "\U0001f3f4"
_NAMED_KINDS = 6
_IN_CONTEXT = re.compile("[\u200c\u200d\ufe00-\ufe0f\U000e0000-\U000e0fff]").search
"""What is taken out or kept by what stands around it, or spells something."""
_LOOKED_AT_ONE_BY_ONE = 16 * 1024
_MOST_RUNS = 20_000
_C1 = re.compile("[\u0080-\u0084\u0086-\u009f]").sub


def _windows(match: re.Match[str]) -> str:
    """A C1 control as the Windows-1252 character that was meant, as HTML reads a reference to one."""
    return match[0].encode("latin-1").decode("cp1252", "ignore") or match[0]


class Invisible:
    """Collects what was taken out of one mail."""

    __slots__ = ("_counts", "_tags", "_selectors")

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._tags: list[str] = []
        self._selectors = bytearray()

    def strip(self, text: str) -> str:
        """The text without invisible characters."""
        present = "".join(_INVISIBLE.findall("".join(set(text))))  # its characters are few, however long it is
        if not present:
            return text
        text = _C1(_windows, text)
        if not _IN_CONTEXT(present):
            return self._without(present, text)
        head, rest = text[:_LOOKED_AT_ONE_BY_ONE], text[_LOOKED_AT_ONE_BY_ONE:]
        if rest and sum(map(rest.count, present)) > _MOST_RUNS:
            return _INVISIBLE.sub(self._one_run, head) + self._without(present, rest)
        return _INVISIBLE.sub(self._one_run, text)

    def _without(self, characters: str, text: str) -> str:
        """The text without these, wherever they stand."""
        for character in characters:
            if count := text.count(character):
                self._counts[character] = self._counts.get(character, 0) + count
        return text.translate(dict.fromkeys(map(ord, characters)))

    def _one_run(self, match: re.Match[str]) -> str:
        run, before = match[0], match.string[match.start() - 1 : match.start()]
        if len(run) == 1 and before:
            if run in "\u200c\u200d" and _JOINED.match(before) and _JOINED.match(match.string, match.end()):
                return run
            if run in "\ufe0e\ufe0f" and _STYLED.match(before):
                return run
        if before == _FLAG and run[-1] == "\U000e007f" and len(run) <= 7:
            return ""
        if run[:2] == "\ufe0f\u200d" and len(run) == 2 and _JOINED.match(match.string, match.end()):
            return run
        for character in run[:4096]:
            self._count(character)
        return ""

    def _count(self, character: str) -> None:
        point = ord(character)
        if 0xE0020 <= point <= 0xE007E:
            self._tags.append(chr(point - 0xE0000))
        elif 0xE0100 <= point <= 0xE01EF:
            self._selectors.append(point - 0xE0100 + 16)
        elif 0xFE00 <= point <= 0xFE0D:
            self._selectors.append(point - 0xFE00)
        self._counts[character] = self._counts.get(character, 0) + 1

    def report(self) -> str:
        """What tags and variation selectors spelled, else which characters were found how often; empty if none."""
        if not self._counts:
            return ""
        spelled = "".join(self._tags)
        if len(self._selectors) >= 4:
            spelled += " " + self._selectors.decode("utf-8", "replace")
        if spelled.strip():
            return spelled.strip()
        most = sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_NAMED_KINDS]
        return ", ".join(f"U+{ord(character):04X} x{count}" for character, count in most)
