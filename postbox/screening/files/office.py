"""Office documents: macros, embedded programs, fields that run one, templates from elsewhere, passwords.

Decides by structure: the names of streams in an OLE file (MS-CFB keeps them in the clear, in UTF-16, whatever its
chains are bent into), the parts and relations of an OOXML package, the control words of RTF. It never reads what a
macro does; every macro counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from postbox.lib.linear import compiled
from postbox.screening.files.concerns import Concern, Concerns, Group

Read = Callable[[str], bytes]
"""Gives the octets of a package's part."""


def _wide(text: str) -> bytes:
    return text.encode("utf-16-le")


_VBA = (_wide("_VBA_PROJECT"), b"Attribut\x00e VB_")
_MACRO_SHEET = re.compile(rb"\x85\x00[\x08-\xff]\x00.{4}[\x00-\x02]\x01", re.S)
_WORKBOOK = (_wide("Workbook\x00"), _wide("Book\x00"))
_PASSWORD_XLS = re.compile(rb"\x09\x08\x10\x00\x00\x06\x05\x00.{12}\x2f\x00", re.S)
_WORD, _WORD_HEAD = _wide("WordDocument"), re.compile(rb"\xec\xa5[\xc0-\xc2]\x00.{6}(..)", re.S)
_WORD_ENCRYPTED = 0x0100
_INSTALLER = bytes.fromhex("84100c0000000000c000000000000046")
_DDE_FIELD = compiled(r"\x13\s*DDE(?:AUTO)?\s", any_case=True)

_RELATION = compiled(r"<(?:[a-z0-9]+:)?Relationship\s[^<>]*>", any_case=True)
_FETCHED = re.compile(rb"""Type\s*=\s*["'][^"']*/(?:attachedTemplate|oleObject|frame|subDocument|package)["']""", re.I)
_EXTERNAL = re.compile(rb"""TargetMode\s*=\s*["']External["']""", re.I)
_DDE_TEXT = compiled(
    r"<w:(?:instrText|fldSimple)[^<>]*(?:>|w:instr=[\"'])\s*DDE(?:AUTO)?\s|<(?:[a-z]+:)?ddeLink\b", any_case=True
)
_TEXT_PART = re.compile(
    r"(?:word/(?:document|header\d*|footer\d*|footnotes|endnotes)|xl/externalLinks/[^/]*)\.xml", re.I
)

_RTF_RUNS = compiled(r"\\obj(?:data|update|autlink|ocx)\b")
_RTF_FETCHES = compiled(r"\\\*\\template\b[^}]{0,20}(?:https?|file|\\\\\\\\)", any_case=True)
_RTF_DDE = compiled(r"\\fldinst[^}]{0,200}DDE", any_case=True)

_DOS_STUB = re.compile(rb"This program (?:cannot be run in DOS mode|must be run under Win(?:32|64))")
_FILES_OF_MESSAGE = _wide("__substg1.0_37010102")

_MACROS = Concern(Group.MACROS, "macros", "holds macros")
_SHEET = Concern(Group.MACROS, "macros", "holds a sheet of Excel 4 macros")
_EMBEDDED = Concern(Group.MACROS, "embedded_object", "holds an embedded file or program")
_FIELD = Concern(Group.MACROS, "dde", "holds a field that runs a program (DDE)")
_TEMPLATE = Concern(Group.MACROS, "remote_template", "fetches a part of itself from elsewhere when it is opened")
_CONTROLS = Concern(Group.ACTIVE, "active_x", "holds ActiveX controls")
_PASSWORD = Concern(Group.ENCRYPTED, "encrypted", "is protected by a password")


def of_ole(octets: bytes) -> Concerns:
    """An OLE compound file: .doc, .xls, .ppt, .msg, .msi, or a protected OOXML document."""
    if any(mark in octets for mark in _VBA):
        yield _MACROS
    if any(mark in octets for mark in _WORKBOOK) and _MACRO_SHEET.search(octets):
        yield _SHEET
    if _wide("\x01Ole10Native") in octets or _wide("Equation Native") in octets:
        yield _EMBEDDED
    if _DDE_FIELD.search(octets):
        yield _FIELD
    if _wide("EncryptedPackage") in octets or _PASSWORD_XLS.search(octets) or _is_encrypted_word(octets):
        yield _PASSWORD
    if _INSTALLER in octets:
        yield Concern(Group.EXECUTABLES, "executable", "is an installer for Windows")


def of_carried(octets: bytes) -> Concerns:
    """What OLE files and Outlook's packages carry as it is. A program is known by words that linkers put into it."""
    if _DOS_STUB.search(octets):
        yield Concern(Group.EXECUTABLES, "executable", "holds a program")
    if _FILES_OF_MESSAGE in octets:
        yield Concern(Group.ACTIVE, "outlook_message", "is a message of Outlook, whose files are not looked into")


def _is_encrypted_word(octets: bytes) -> bool:
    """The flag in the FIB (MS-DOC, section 2.5.2), which begins a sector."""
    heads = _WORD_HEAD.finditer(octets) if _WORD in octets else ()
    first = next((head for head in heads if head.start() % 512 == 0), None)
    return first is not None and bool(int.from_bytes(first[1], "little") & _WORD_ENCRYPTED)


def is_package(names: Sequence[str]) -> bool:
    """Whether a zip with these members is an OOXML document."""
    return "[Content_Types].xml" in names


def of_package(names: Sequence[str], read: Read) -> Concerns:
    """An OOXML document, beside what its members are by themselves."""
    lower = [name.lower().replace("\\", "/") for name in names]
    if any(name.endswith("vbaproject.bin") for name in lower) or b"macroEnabled" in read("[Content_Types].xml"):
        yield _MACROS
    if any(name.startswith("xl/macrosheets/") for name in lower):
        yield _SHEET
    if any("/activex/" in name for name in lower):
        yield _CONTROLS
    if any(name.endswith(".rels") and _fetches(read(given)) for name, given in zip(lower, names, strict=True)):
        yield _TEMPLATE
    if any(_TEXT_PART.fullmatch(given) and _DDE_TEXT.search(read(given)) for given in names):
        yield _FIELD


def _fetches(relations: bytes) -> bool:
    found = (match.group() for match in _RELATION.finditer(relations))
    return any(_EXTERNAL.search(one) and _FETCHED.search(one) for one in found)


def of_rtf(octets: bytes) -> Concerns:
    """RTF: objects that are activated as it is opened, templates, fields."""
    if _RTF_RUNS.search(octets):
        yield _EMBEDDED
    if _RTF_FETCHES.search(octets):
        yield _TEMPLATE
    if _RTF_DDE.search(octets):
        yield _FIELD
