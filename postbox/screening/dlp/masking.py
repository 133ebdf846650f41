"""Making what was found unreadable.

Decides what stands in its place: ``[card …1111]`` where masking, ``[removed]`` where removing. What was found in one
text of a mail is taken out of all of them, and so is a piece of it that a limit has cut off at a text's edge.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from postbox.lib.linear import compiled
from postbox.screening.dlp.findings import Finding, Kind, core
from postbox.screening.dlp.scan import Own, find

REMOVED = "[removed]"
_TAIL = 4
_SIGNS = re.compile(rb"[0-9A-Za-z]+")
_WITH_TAIL = {Kind.CARD, Kind.SSN, Kind.IBAN}
# Shorter than this, a value is not looked for elsewhere: it would be found in innocent words.
_LEAST = 8
_LONGEST_EDGE = 64
_MEMORY = 64 * 1024 * 1024


class Mask:
    """Takes findings out of texts; ``values`` are the octets of what was found anywhere in the mail."""

    def __init__(self, own: Own, values: Iterable[tuple[Kind, bytes]], *, remove: bool) -> None:
        self._own = own
        self._remove = remove
        self._values = {
            spelt: kind
            for kind, value in values
            if kind is not Kind.OWN
            for spelt in _spellings(kind, value)
            if len(spelt) >= _LEAST
        }
        self._edges = frozenset(_pieces(self._values))
        longest_first = sorted(self._values, key=len, reverse=True)
        self._known = compiled("|".join(map(_quoted, longest_first)), memory=_MEMORY) if longest_first else None

    def __call__(self, text: str) -> str:
        """The text without what was found. Raises TooMany."""
        if not text:
            return text
        octets = self.octets(text.encode("utf-8", "replace"))
        return octets.decode("utf-8", "replace")

    def octets(self, text: bytes) -> bytes:
        """The same over UTF-8 octets."""
        parts, at = [], 0
        for finding in find(text, self._own):
            parts += [text[at : finding.begin], self._instead(finding, text[finding.begin : finding.end])]
            at = finding.end
        masked = b"".join([*parts, text[at:]]) if parts else text
        return self.known(masked)

    def known(self, text: bytes) -> bytes:
        """Without the values that are known, whole or cut at an edge; nothing else is looked for."""
        if self._known is None:
            return text
        if self._known.search(text):
            text = self._known.sub(lambda found: self._instead_of(found.group()), text)
        if text[-_LEAST:] in self._edges or text[:_LEAST] in self._edges:
            for value in self._values:
                text = _without_edges(text, value)
        return text

    def _instead_of(self, value: bytes) -> bytes:
        return self._instead(Finding(0, 0, self._values.get(value, Kind.PRIVATE_KEY)), value)

    def identifier(self, text: str) -> str:
        """An identifier without the known values."""
        return self.known(text.encode("utf-8", "replace")).decode("utf-8", "replace") if self._known else text

    def _instead(self, finding: Finding, value: bytes) -> bytes:
        if self._remove:
            return REMOVED.encode()
        tail = f" …{_tail(value)}" if finding.kind in _WITH_TAIL else ""
        name = f" {finding.name}" if finding.name and finding.kind is not Kind.OWN else ""
        return f"[{finding.name if finding.kind is Kind.OWN else finding.kind.value}{name}{tail}]".encode()


def _spellings(kind: Kind, value: bytes) -> Iterator[bytes]:
    """As it was found and, of a number, as an identifier or the address of a link has it."""
    yield value
    if kind in _WITH_TAIL:
        groups = _SIGNS.findall(value)
        yield from (between.join(groups) for between in (b"", b" ", b"-", b"+", b"%20"))


def _tail(value: bytes) -> str:
    return core(value).decode("utf-8", "replace")[-_TAIL:]


def _quoted(value: bytes) -> str:
    return re.escape(value.decode("utf-8", "replace"))


def _pieces(values: Iterable[bytes]) -> Iterator[bytes]:
    """All by which a text may begin or end that was cut inside a value."""
    for value in values:
        for part in (value[:_LONGEST_EDGE], value[-_LONGEST_EDGE:]):
            yield from (part[at : at + _LEAST] for at in range(len(part) - _LEAST + 1))


def _without_edges(text: bytes, value: bytes) -> bytes:
    sizes = range(min(len(value) - 1, _LONGEST_EDGE, len(text)), _LEAST - 1, -1)
    if size := next((size for size in sizes if text.endswith(value[:size])), 0):
        text = text[:-size] + REMOVED.encode()
    if size := next((size for size in sizes if text.startswith(value[-size:])), 0):
        text = REMOVED.encode() + text[size:]
    return text
