"""Encoded words in header fields (RFC 2047).

Decides how an unstructured field or a display name reads. It never fails: what is broken stays as it was
sent. flanker's decoder is quadratic on unfinished words and guesses charsets, so it is not used here.
"""

from __future__ import annotations

import base64
import binascii
import re

from postbox.ingest.charsets import decode_charset

_WORD = re.compile(r"=\?([^?\s]{1,64})\?([bBqQ])\?([^?\r\n]*+)\?=", re.ASCII)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def decode_words(value: str) -> str:
    """Decodes every encoded word.

    White space between two of them goes, and neighbours of one charset are decoded as one.
    """
    out: list[str] = []
    pending, pending_charset, end = b"", "", 0
    for match in _WORD.finditer(value):
        gap = value[end : match.start()]
        charset = match[1].partition("*")[0].lower()
        adjacent = end > 0 and not gap.strip()
        if not (adjacent and charset == pending_charset):
            out.append(decode_charset(pending, pending_charset)[0])
            pending, pending_charset = b"", charset
        if not adjacent:
            out.append(gap)
        pending += _octets(match[2], match[3])
        end = match.end()
    if not end:
        return value
    out.extend((decode_charset(pending, pending_charset)[0], value[end:]))
    return "".join(out)


def raw_text(value: str) -> str:
    """A field's value (octets as Latin-1) with octets read as UTF-8, else windows-1252; encoded words stay."""
    return value if value.isascii() else decode_charset(value.encode("latin-1"), "")[0]


def header_text(value: str) -> str:
    """A field's value (octets as Latin-1) as one printable line, octets and encoded words decoded."""
    return display_text(raw_text(value))


def display_text(value: str) -> str:
    """Text as one printable line: encoded words decoded, controls gone."""
    if "=?" in value:
        value = decode_words(value)
    return value if value.isprintable() else _CONTROLS.sub(" ", value)


def _octets(encoding: str, text: str) -> bytes:
    raw = text.encode("latin-1", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(raw, header=True)
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:
        return raw
