"""Compressed streams and tar files, unpacked within the budget.

Decides how much of each is unpacked. It never trusts a size that a header claims.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import Any

from postbox.screening.files.concerns import RATIO, RATIO_FROM, BoundReached, Budget
from postbox.screening.files.kinds import Kind
from postbox.screening.files.zips import Broken

_AT_ONCE = 1024 * 1024
_XZ_MEMORY = 64 * 1024 * 1024
_BLOCK = 512
_LONG_NAME = 64 * 1024


def unpack(octets: bytes, kind: Kind, budget: Budget) -> bytes:
    """All that a gzip, bzip2 or xz file holds. Raises Broken, BoundReached."""
    parts: list[bytes] = []
    size = 0
    try:
        for part in _parts(octets, kind):
            budget.unpacked(len(part))
            parts.append(part)
            size += len(part)
            if size > RATIO_FROM and size > RATIO * len(octets):
                raise BoundReached(f"more than {RATIO} times its size when unpacked")
    except (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError):
        raise Broken(f"is a {kind.value} file that cannot be unpacked") from None
    return b"".join(parts)


def _parts(octets: bytes, kind: Kind) -> Iterator[bytes]:
    if kind is Kind.GZIP:
        yield from _gunzip(octets)
        return
    opened: Any = bz2.BZ2Decompressor() if kind is Kind.BZIP2 else lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
    part = opened.decompress(octets, _AT_ONCE)
    while part:
        yield part
        if opened.eof:
            return
        part = opened.decompress(b"", _AT_ONCE)


def _gunzip(octets: bytes) -> Iterator[bytes]:
    opened, left = zlib.decompressobj(31), octets
    while left and not opened.eof:
        yield opened.decompress(left, _AT_ONCE)
        left = opened.unconsumed_tail


def tar_members(octets: bytes, budget: Budget) -> Iterator[tuple[str, bytes]]:
    """Names and octets of the files in a tar (POSIX.1-2017, pax and GNU names). Raises Broken, BoundReached."""
    at, longer = 0, ""
    while at + _BLOCK <= len(octets):
        head = octets[at : at + _BLOCK]
        if not head.strip(b"\x00"):
            return
        budget.member()
        size, kind = _number(head[124:136]), head[156:157]
        begin = at + _BLOCK
        if kind == b"L":
            longer = octets[begin : begin + min(size, _LONG_NAME)].rstrip(b"\x00").decode("utf-8", "replace")
        elif kind == b"x":
            longer = _pax_path(octets[begin : begin + min(size, _LONG_NAME)]) or longer
        elif kind != b"g":
            yield longer or _tar_name(head), octets[begin : begin + size] if kind in b"0\x007" else b""
            longer = ""
        at = begin + -(-size // _BLOCK) * _BLOCK


def _number(field: bytes) -> int:
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    try:
        return int(field.strip(b" \x00") or b"0", 8)
    except ValueError:
        raise Broken("is a tar file with a broken header") from None


def _tar_name(head: bytes) -> str:
    name = head[:100].rstrip(b"\x00")
    prefix = head[345:500].rstrip(b"\x00") if head[257:263] == b"ustar\x00" else b""
    return (prefix + b"/" + name if prefix else name).decode("utf-8", "replace")


def _pax_path(records: bytes) -> str:
    _, found, rest = records.partition(b" path=")
    return rest.partition(b"\n")[0].decode("utf-8", "replace") if found else ""
