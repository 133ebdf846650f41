"""PDF and markup: scripts, actions, files inside.

Decides by names in the clear and inside object streams (ISO 32000-1, section 7.5.7), escapes undone. It never draws a
page or runs a script.
"""

from __future__ import annotations

import binascii
import re
import zlib

from postbox.lib.linear import compiled
from postbox.screening.files.concerns import Budget, Concern, Concerns, Group

_ESCAPE = compiled(r"#[0-9A-Fa-f]{2}")
_OBJECT_STREAM = re.compile(rb"/ObjStm\b")
_STREAM_BEGINS = re.compile(rb"\bstream\r?\n")
_DICTIONARY = 2000
_STREAMS = 200
_STREAM_OCTETS = 4 * 1024 * 1024
_PDF = (
    (compiled(r"/Launch\b"), Concern(Group.MACROS, "pdf_launch", "asks to start a program")),
    (
        compiled(r"/JavaScript\b|/JS\s*(?:[(<]|[0-9]+\s+[0-9]+\s+R\b)"),
        Concern(Group.ACTIVE, "pdf_script", "holds JavaScript"),
    ),
    (
        compiled(r"/OpenAction\b|/AA\s*(?:<<|[0-9]+\s+[0-9]+\s+R\b)"),
        Concern(Group.ACTIVE, "pdf_action", "does something when it is opened"),
    ),
    (compiled(r"/(?:EmbeddedFiles?|RichMedia)\b"), Concern(Group.ACTIVE, "pdf_files", "holds other files")),
    (compiled(r"/Encrypt\b"), Concern(Group.ACTIVE, "pdf_encrypted", "is encrypted, so not all of it was looked into")),
)
_MARKUP = compiled(
    r"<(?:[a-z]+:)?script\b|<(?:iframe|object|embed|applet|foreignobject)\b|\son[a-z]{3,20}\s*=\s*[\"'`]?[^\s>]"
    r"|javascript:|vbscript:|data:text/html|http-equiv\s*=\s*[\"']?refresh",
    any_case=True,
)
_BASE64 = compiled(r"(?:[0-9A-Za-z+/]{40,76}\r?\n){1,}[0-9A-Za-z+/]{0,76}={0,2}")
_NAMED = compiled(r"name\*?\s*=\s*\"?([^\"\r\n;]{1,200})", any_case=True)
_NOT_BASE64 = re.compile(rb"[^0-9A-Za-z+/]")
_SCRIPT = Concern(Group.ACTIVE, "script", "holds scripts or what acts by itself")
_LOOKED_AT = 4 * 1024 * 1024


def of_pdf(octets: bytes, budget: Budget) -> Concerns:
    """What a PDF does or holds beside pages. Raises BoundReached."""
    texts = [_plain(octets), *(_plain(text) for text in _object_streams(octets, budget))]
    for mark, concern in _PDF:
        if any(mark.search(text) for text in texts):
            yield concern


def _plain(octets: bytes) -> bytes:
    """With the escapes of names undone, where there are any that hide a letter."""
    if b"#" not in octets:
        return octets
    return bytes(_ESCAPE.sub(lambda match: _letter(match.group()), octets))


def _letter(escape: bytes) -> bytes:
    octet = bytes.fromhex(escape[1:].decode())
    return octet if octet.isalpha() else escape


def _object_streams(octets: bytes, budget: Budget) -> list[bytes]:
    found = []
    for number, match in enumerate(_OBJECT_STREAM.finditer(octets)):
        if number == _STREAMS:
            break
        budget.member()
        begins = _STREAM_BEGINS.search(octets, match.end(), match.end() + _DICTIONARY)
        if not begins:
            continue
        try:
            text = zlib.decompressobj().decompress(octets[begins.end() : begins.end() + _STREAM_OCTETS], _STREAM_OCTETS)
        except zlib.error:  # packed otherwise, or encrypted
            continue
        budget.unpacked(len(text))
        found.append(text)
    return found


def of_markup(octets: bytes) -> Concerns:
    """HTML or SVG that does more than show itself."""
    head = octets[:_LOOKED_AT]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", "replace").encode("utf-8", "replace")
    if _MARKUP.search(head):
        yield _SCRIPT


def of_mail(octets: bytes) -> list[tuple[str, bytes]]:
    """The files that a mail encloses, as far as they are base64: names as far as they are given in the clear."""
    found = [("", _decoded(block.group())) for block in _BASE64.finditer(octets)]
    return found + [(match.group(1).decode("utf-8", "replace"), b"") for match in _NAMED.finditer(octets)]


def _decoded(block: bytes) -> bytes:
    text = _NOT_BASE64.sub(b"", block)
    return binascii.a2b_base64(text[: len(text) // 4 * 4])
