"""Zip files (APPNOTE 6.3), read by their central directory, as programs do that unpack them.

Decides what cannot be trusted: a member whose own header says something else than the directory, or that the directory
does not name. Nothing is unpacked beyond the budget, whatever sizes the headers claim.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from postbox.screening.files.concerns import RATIO, RATIO_FROM, BoundReached, Budget

_END = b"PK\x05\x06"
_END_SIZE, _COMMENT = 22, 65535
# Flags, method, checksum, sizes, the lengths of name, extra field and comment, and where the member's own header is.
_CENTRAL = struct.Struct("<4s4xHH4xLLLHHH8xL")
_CENTRAL_SIZE, _LOCAL_SIZE = 46, 30
_LOCAL = struct.Struct("<4s2xHH4xLLLHH")
_ENCRYPTED, _UTF8 = 0x1, 0x800
_STORED, _DEFLATED = 0, 8
_WIDE = 0xFFFFFFFF


class Broken(Exception):
    """It cannot be read as what it is; ``words`` say why."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a zip, as the central directory has it."""

    name: str
    method: int
    is_encrypted: bool
    packed: int
    size: int
    start: int
    is_folder: bool


def members(octets: bytes, budget: Budget) -> Iterator[Member]:
    """The members, in order. Raises Broken, BoundReached."""
    count, at = _directory(octets)
    starts = set()
    for _ in range(count):
        budget.member()
        member, at, header = _member(octets, at)
        starts.add(header)
        yield member
    if count and octets.startswith(b"PK\x03\x04") and 0 not in starts:
        raise Broken("holds a file that its directory does not name")


def unpack(octets: bytes, member: Member, budget: Budget, most: int | None = None) -> bytes:
    """The octets of a member, or its first ``most``. Raises Broken, BoundReached."""
    wanted = budget.left + 1 if most is None else most
    data = octets[member.start : member.start + member.packed]
    if member.method == _STORED:
        found = data[:wanted]
    elif member.method == _DEFLATED:
        try:
            found = zlib.decompressobj(-15).decompress(data, wanted)
        except zlib.error:
            raise Broken("holds a file that cannot be unpacked") from None
    else:
        raise Broken(f"holds a file packed by a method that is not read here ({member.method})")
    budget.unpacked(len(found))
    if len(found) > RATIO_FROM and len(found) > RATIO * max(member.packed, 1):
        raise BoundReached(f"more than {RATIO} times its size when unpacked")
    return found


def claims_too_much(member: Member) -> bool:
    """Whether it says of itself that it is a bomb."""
    return member.size > RATIO_FROM and member.size > RATIO * max(member.packed, 1)


def _directory(octets: bytes) -> tuple[int, int]:
    """How many members there are, and where the first one's entry begins."""
    end = octets.rfind(_END, max(0, len(octets) - _END_SIZE - _COMMENT))
    if end < 0 or len(octets) < end + _END_SIZE:
        raise Broken("is a zip without its directory")
    count, size, offset = struct.unpack_from("<HLL", octets, end + 10)
    if count == 0xFFFF or _WIDE in (size, offset):
        raise Broken("is a zip of the 64-bit form, which no mail needs")
    # Where something was put before the zip, the directory still ends where the end record begins.
    if size > end or offset + size > end:
        raise Broken("is a zip whose directory is not where it says")
    return count, end - size


def _member(octets: bytes, at: int) -> tuple[Member, int, int]:
    if octets[at : at + 4] != b"PK\x01\x02" or len(octets) < at + _CENTRAL_SIZE:
        raise Broken("is a zip whose directory is broken")
    _, flags, method, _, packed, size, name_size, extra, comment, header = _CENTRAL.unpack_from(octets, at)
    raw = octets[at + _CENTRAL_SIZE : at + _CENTRAL_SIZE + name_size]
    start = _checked_local(octets, header, raw, flags, method)
    name = raw.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    found = Member(name, method, bool(flags & _ENCRYPTED) or method == 99, packed, size, start, name.endswith("/"))
    return found, at + _CENTRAL_SIZE + name_size + extra + comment, header


def _checked_local(octets: bytes, header: int, name: bytes, flags: int, method: int) -> int:
    """Where the data begin, once the member's own header is seen to say the same."""
    if octets[header : header + 4] != b"PK\x03\x04" or len(octets) < header + _LOCAL_SIZE:
        raise Broken("is a zip whose directory points beside its files")
    _, own_flags, own_method, _, _, _, name_size, extra = _LOCAL.unpack_from(octets, header)
    start = header + _LOCAL_SIZE
    if octets[start : start + name_size] != name or own_method != method or (own_flags ^ flags) & _ENCRYPTED:
        raise Broken("is a zip whose files say something else than its directory")
    return int(start + name_size + extra)
