"""What a file's name says, and where it lies.

Decides by the last extension, because that is what an operating system goes by. What is hidden in a name is looked for
in the names of files inside archives; those of attachments lose it when the mail is parsed, which leaves a defect.
"""

from __future__ import annotations

import re

from postbox.screening.files.concerns import Concern, Concerns, Group
from postbox.screening.files.kinds import Kind

EXECUTABLE = frozenset(
    [
        "ade",
        "adp",
        "apk",
        "app",
        "appimage",
        "application",
        "appref-ms",
        "appx",
        "appxbundle",
        "bat",
        "cgi",
        "chm",
        "class",
        "cmd",
        "com",
        "command",
        "cpl",
        "deb",
        "dex",
        "diagcab",
        "dll",
        "dmg",
        "elf",
        "exe",
        "gadget",
        "hlp",
        "hta",
        "ins",
        "isp",
        "jar",
        "jnlp",
        "js",
        "jse",
        "ksh",
        "library-ms",
        "lnk",
        "mde",
        "msc",
        "msh",
        "msh1",
        "msh2",
        "mshxml",
        "msi",
        "msix",
        "msixbundle",
        "msp",
        "mst",
        "nsh",
        "ocx",
        "osx",
        "pif",
        "pkg",
        "prg",
        "ps1",
        "ps1xml",
        "ps2",
        "psc1",
        "psc2",
        "psd1",
        "psm1",
        "py",
        "pyc",
        "pyw",
        "pyz",
        "reg",
        "rpm",
        "run",
        "scf",
        "scr",
        "sct",
        "search-ms",
        "settingcontent-ms",
        "sh",
        "shb",
        "shs",
        "so",
        "swf",
        "sys",
        "theme",
        "url",
        "vb",
        "vbe",
        "vbs",
        "vbscript",
        "vxd",
        "website",
        "ws",
        "wsc",
        "wsf",
        "wsh",
        "xbap",
        "xll",
        "xnk",
    ]
)
MACRO_FORMATS = frozenset(["docm", "dotm", "xlsm", "xltm", "xlam", "xlsb", "pptm", "potm", "ppam", "ppsm", "sldm"])
_PASSIVE = {
    **dict.fromkeys(
        ["png", "jpg", "jpeg", "jpe", "gif", "bmp", "tif", "tiff", "webp", "ico", "heic", "avif"], Kind.IMAGE
    ),
    **dict.fromkeys(["mp3", "wav", "ogg", "flac", "m4a", "mp4", "mov", "avi", "mkv", "webm"], Kind.SOUND),
    **dict.fromkeys(["txt", "csv", "tsv", "md", "log", "json", "ics", "vcf"], Kind.TEXT),
    "pdf": Kind.PDF,
}
_DOCUMENTS = frozenset(
    {*_PASSIVE, *["doc", "docx", "xls", "xlsx", "ppt", "pptx", "rtf", "odt", "ods", "htm", "html", "zip", "eml", "msg"]}
)
# What a passive name may really hold without a word: text formats are many, and pictures are renamed by hand.
_ODD = frozenset(
    {
        Kind.PROGRAM, Kind.SCRIPT, Kind.SHORTCUT, Kind.HELP, Kind.INSTALLER, Kind.ZIP, Kind.GZIP, Kind.BZIP2, Kind.XZ,
        Kind.TAR, Kind.RAR, Kind.SEVEN, Kind.OTHER_ARCHIVE, Kind.DISK, Kind.OLE, Kind.RTF, Kind.PDF, Kind.ONENOTE,
        Kind.HTML, Kind.SVG,
    }
)  # fmt: skip
# Shown as what the name says: as text, or as a picture.
_HARMLESS = {(Kind.TEXT, Kind.HTML), (Kind.TEXT, Kind.SVG), (Kind.IMAGE, Kind.SVG)}
_DECLARED = {"image": Kind.IMAGE, "audio": Kind.SOUND, "video": Kind.SOUND}
# Overrides and embeddings; plain marks stand in honest Arabic and Hebrew names.
TURNED = re.compile("[\u202a\u202b\u202d\u202e\u2066\u2067]")
_PADDED = re.compile(r"\s{8,}\S")
_SEPARATOR = re.compile(r"[/\\]")
_DRIVE = re.compile(r"(?:[A-Za-z]:)?[/\\]")


def extension(name: str) -> str:
    """The last extension in lower case, as Windows reads it: without blanks and dots behind it."""
    base = _SEPARATOR.split(name)[-1].rstrip(". \t\x00")
    stem, dot, last = base.rpartition(".")
    return last.strip().lower() if dot and (stem or last) else ""


def of_name(name: str) -> Concerns:
    """What is wrong with a name by itself."""
    last = extension(name)
    if last in EXECUTABLE:
        before = extension(name.rstrip(". \t\x00")[: -len(last) - 1]) if "." in name else ""
        hides = f", behind the look of a .{before} file" if before in _DOCUMENTS else ""
        yield Concern(Group.EXECUTABLES, "executable", f"is named as a program or script (.{last}){hides}")
    if TURNED.search(name):
        yield Concern(Group.DISGUISED, "name_disguised", "has a name with signs that turn its letters round")
    elif _PADDED.search(name):
        yield Concern(Group.DISGUISED, "name_disguised", "has a name that pushes its end out of sight")


def of_path(name: str) -> Concerns:
    """What is wrong with where a file inside an archive wants to be written."""
    if ".." in _SEPARATOR.split(name) or _DRIVE.match(name):
        yield Concern(Group.DISGUISED, "path_in_archive", "holds a file that would be written outside its folder")


def of_type(name: str, declared: str, kind: Kind) -> Concerns:
    """What its name and the mail say it is, against what it is."""
    said = _PASSIVE.get(extension(name)) or _DECLARED.get(declared.partition("/")[0])
    if said and kind in _ODD and kind != said and (said, kind) not in _HARMLESS:
        yield Concern(Group.DISGUISED, "type_mismatch", f"is named as {said.value} and is {kind.value}")
