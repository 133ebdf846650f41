"""Arrays for PostgreSQL, as text or as it keeps them itself.

Decides only how they are written. The driver takes longer over each value than we over all of them, and the server
reads a UUID or a time in text far slower than the octets that it is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import pq
from psycopg.adapt import Dumper

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UUID, _INSTANT = psycopg.postgres.types["uuid"], psycopg.postgres.types["timestamptz"]


class Uuids(bytes):
    """An array of uuid in the server's binary form; a parameter of a statement."""


class Instants(bytes):
    """An array of timestamptz in the server's binary form; a parameter of a statement."""


def as_array(values: Iterable[str]) -> str:
    """An array's text, of values that need no quotes."""
    return f"{{{','.join(values)}}}"


def as_uuids(values: Iterable[str | None]) -> Uuids:
    """An array of UUIDs, each 32 hexadecimal digits, or None."""
    return Uuids(_array(_UUID.oid, ["ffffffff" if value is None else "00000010" + value for value in values]))


def as_instants(values: Iterable[str]) -> Instants:
    """An array of times, each as ``instant`` gives it."""
    return Instants(_array(_INSTANT.oid, ["00000008" + value for value in values]))


def instant(at: datetime) -> str:
    """A time as 16 hexadecimal digits: microseconds since 2000, as the server counts."""
    return ((at - _EPOCH) // _MICROSECOND).to_bytes(8, signed=True).hex()


def _array(oid: int, values: list[str]) -> bytes:
    """One dimension that begins at 1; each value is its length in octets and then these (array_send)."""
    if not values:
        return struct.pack("!iiI", 0, 0, oid)
    return struct.pack("!iiIii", 1, 0, oid, len(values), 1) + bytes.fromhex("".join(values))


class _UuidsDumper(Dumper):
    format = pq.Format.BINARY
    oid = _UUID.array_oid

    def dump(self, obj: bytes) -> bytes:
        return obj


class _InstantsDumper(_UuidsDumper):
    oid = _INSTANT.array_oid


psycopg.adapters.register_dumper(Uuids, _UuidsDumper)
psycopg.adapters.register_dumper(Instants, _InstantsDumper)
