"""The real type of a file, by its first octets.

Decides what a file is taken for by the programs that would open it; never by its name or what the mail calls it.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Kind(StrEnum):
    """What a file is. ``TEXT`` and ``DATA`` are what nothing else is."""

    PROGRAM = "program"
    SCRIPT = "script"
    SHORTCUT = "Windows shortcut"
    HELP = "compiled help"
    INSTALLER = "installer"
    ZIP = "zip"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    TAR = "tar"
    RAR = "rar"
    SEVEN = "7z"
    OTHER_ARCHIVE = "archive"
    DISK = "disk image"
    OLE = "OLE document"
    RTF = "RTF"
    PDF = "PDF"
    ONENOTE = "OneNote"
    TNEF = "TNEF"
    HTML = "HTML"
    SVG = "SVG"
    IMAGE = "image"
    SOUND = "sound or video"
    FONT = "font"
    TEXT = "text"
    DATA = "data"


_HEADS: tuple[tuple[bytes, Kind], ...] = (
    (b"\x7fELF", Kind.PROGRAM),
    (b"\xfe\xed\xfa\xce", Kind.PROGRAM),
    (b"\xfe\xed\xfa\xcf", Kind.PROGRAM),
    (b"\xce\xfa\xed\xfe", Kind.PROGRAM),
    (b"\xcf\xfa\xed\xfe", Kind.PROGRAM),
    (b"\xca\xfe\xba\xbe", Kind.PROGRAM),  # a universal Mach-O, or a Java class
    (b"dex\n", Kind.PROGRAM),
    (b"\x00asm", Kind.PROGRAM),
    (b"#!", Kind.SCRIPT),
    (b"#@~^", Kind.SCRIPT),  # encoded VBScript
    (b"L\x00\x00\x00\x01\x14\x02\x00", Kind.SHORTCUT),
    (b"ITSF", Kind.HELP),
    (b"!<arch>\ndebian", Kind.INSTALLER),
    (b"\xed\xab\xee\xdb", Kind.INSTALLER),  # rpm
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"PK00PK\x03\x04", Kind.ZIP),
    (b"\x1f\x8b", Kind.GZIP),
    (b"BZh", Kind.BZIP2),
    (b"\xfd7zXZ\x00", Kind.XZ),
    (b"Rar!\x1a\x07", Kind.RAR),
    (b"7z\xbc\xaf\x27\x1c", Kind.SEVEN),
    (b"MSCF", Kind.OTHER_ARCHIVE),
    (b"\x28\xb5\x2f\xfd", Kind.OTHER_ARCHIVE),  # zstandard
    (b"\x1f\x9d", Kind.OTHER_ARCHIVE),  # compress
    (b"\x60\xea", Kind.OTHER_ARCHIVE),  # arj
    (b"LZIP", Kind.OTHER_ARCHIVE),
    (b"xar!", Kind.OTHER_ARCHIVE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.OLE),
    (b"{\\rt", Kind.RTF),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", Kind.ONENOTE),
    (b"\x78\x9f\x3e\x22", Kind.TNEF),
    (b"conectix", Kind.DISK),
    (b"vhdxfile", Kind.DISK),
    (b"KDMV", Kind.DISK),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"GIF8", Kind.IMAGE),
    (b"BM", Kind.IMAGE),
    (b"II*\x00", Kind.IMAGE),
    (b"MM\x00*", Kind.IMAGE),
    (b"\x00\x00\x01\x00", Kind.IMAGE),
    (b"ID3", Kind.SOUND),
    (b"OggS", Kind.SOUND),
    (b"fLaC", Kind.SOUND),
    (b"\x1a\x45\xdf\xa3", Kind.SOUND),
    (b"wOFF", Kind.FONT),
    (b"wOF2", Kind.FONT),
)
_PDF_WITHIN = 1024  # where readers still look for its first line
_HEAD = 4096
_MARKUP = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,1000}?-->\s*){0,4}<(!doctype\s+)?([a-z][a-z0-9:]*)", re.I | re.S
)
_HTML_TAGS = frozenset(
    b"html head body script title meta link style table div p a br iframe object embed svg:script form img base".split()
)
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 27})
_BOMS = (b"\xff\xfe", b"\xfe\xff")
_BATCH = re.compile(rb"\s*@?echo\s+off\b", re.I)


def kind_of(octets: bytes) -> Kind:
    """The kind of a file, of which at least the first 33 KiB are given where it has them."""
    if octets[:2] == b"MZ" and _is_binary(octets[:64]):
        return Kind.PROGRAM
    for head, kind in _HEADS:
        if octets.startswith(head):
            return kind
    return _further_in(octets) or _written(octets)


def _is_binary(octets: bytes) -> bool:
    return len(octets.translate(None, _CONTROLS)) != len(octets)


def _further_in(octets: bytes) -> Kind | None:
    """Kinds whose mark does not stand at the very beginning."""
    if b"%PDF-" in octets[:_PDF_WITHIN]:
        return Kind.PDF
    if octets[257:262] == b"ustar" or _is_old_tar(octets):
        return Kind.TAR
    if octets[32769:32774] in (b"CD001", b"BEA01"):
        return Kind.DISK
    if octets[:4] == b"RIFF":
        return Kind.IMAGE if octets[8:12] == b"WEBP" else Kind.SOUND
    if octets[4:8] == b"ftyp":
        return Kind.IMAGE if octets[8:11] in (b"hei", b"avi", b"mif") else Kind.SOUND
    if octets[2:7] in (b"-lh0-", b"-lh5-", b"-lh6-", b"-lh7-") or octets[7:14] == b"**ACE**":
        return Kind.OTHER_ARCHIVE
    return None


def _is_old_tar(octets: bytes) -> bool:
    """A tar header without the later mark: its checksum is right (the sum of its octets, the field's own as blanks)."""
    field = octets[148:156].rstrip(b" \x00").strip()
    if len(octets) < 512 or not 0 < len(field) <= 7 or not octets[0] or not field.isdigit():
        return False
    try:
        return int(field, 8) == sum(octets[:148]) + sum(octets[156:512]) + 8 * 32
    except ValueError:
        return False


def _written(octets: bytes) -> Kind:
    head = octets[:_HEAD]
    if head[:2] in _BOMS:
        head = head.decode("utf-16", "replace").encode("utf-8", "replace")
    elif _is_binary(head):
        return Kind.DATA
    head = head.removeprefix(b"\xef\xbb\xbf")
    if _BATCH.match(head):
        return Kind.SCRIPT
    if tag := _MARKUP.match(head):
        name = tag[2].lower()
        if name in {b"svg", b"svg:svg"}:
            return Kind.SVG
        if name in _HTML_TAGS:
            return Kind.HTML
    return Kind.TEXT
