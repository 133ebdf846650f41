"""Small files of many kinds, made here: what they are and nothing else, no program that runs."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from collections.abc import Mapping

PE = b"MZ" + b"\0" * 58 + struct.pack("<L", 64) + b"PE\0\0" + b"\0" * 64
ELF = b"\x7fELF" + b"\0" * 60
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>\nendobj\n%%EOF"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 504
TYPES = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>"}


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return target.getvalue()


def encrypted_zip(name: str = "secret.txt") -> bytes:
    """A zip whose only member has the flag of a password, in both headers."""
    octets = bytearray(zipped({name: b"x"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        octets[octets.index(mark) + at] |= 1
    return bytes(octets)


def tarred(members: Mapping[str, bytes], mode: str = "w", form: int = tarfile.GNU_FORMAT) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode, format=form) as file:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return target.getvalue()


def ole_with(*names: str) -> bytes:
    """An OLE file with directory entries of these names."""
    return OLE + b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in names)


def related(kind: str, target: str) -> bytes:
    form = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    return (
        f'<Relationships><Relationship Id="r1" Type="{form}{kind}" Target="{target}" TargetMode="External"/>'
        "</Relationships>"
    ).encode()


def bomb_of_bombs(levels: int = 5, each: int = 16) -> bytes:
    """Zips in zips; all of it unpacked would be some terabytes."""
    octets = zipped({"0.txt": b"\0" * (8 << 20)})
    for _ in range(levels):
        octets = zipped({f"{number}.zip": octets for number in range(each)})
    return octets
