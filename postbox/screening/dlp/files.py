"""What is looked through of attachments: text, at the beginning, and nothing that has to be unpacked first.

Decides which octets read as text. Documents, archives and pictures are not looked into.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence

EACH = 1024 * 1024
ALL = 4 * 1024 * 1024
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 27})
_HEAD = 2048
_WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def as_text(octets: bytes) -> bytes:
    """The beginning of a text file as UTF-8 octets; empty for what is no text."""
    if encoding := _WIDE.get(octets[:2]):
        return octets[2:EACH].decode(encoding, "replace").encode("utf-8", "replace")
    head = octets[:_HEAD]
    if len(head.translate(None, _CONTROLS)) != len(head):
        return b""
    return octets[:EACH]


def texts_of(files: Sequence[bytes]) -> list[bytes]:
    """One text a file, up to a bound for all of them together."""
    left, found = ALL, []
    for octets in files:
        text = as_text(octets)[: max(left, 0)]
        left -= len(text)
        found.append(text)
    return found
