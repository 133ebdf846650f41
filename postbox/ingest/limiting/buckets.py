"""The counts behind the limits: rows that all processes share, spent in small blocks.

Decides that no bucket ever gives more than its limit, however many processes and threads ask at once: each debit is
one statement, by which a row gives what it has left and no more. A process that asks a bucket with much left again and
again is given some more than it needs, so that a busy one is not a statement a mail; a limit under 256 is counted one
by one. What a process was given and did not spend before the window ends, nobody spends: a limit may let through a
little less than it says, never more.

The table is UNLOGGED: counting waits for no disk, and after a crash of the database itself counting begins anew. The
broker has no part in it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from postbox.ingest.limiting.limits import Bucket

_MOST_SPARE = 32
_SPARE_SHARE = 256  # of what a bucket has left, what one process may be given beyond its need
_MOST_KEPT = 20_000

# Rows in one order, so that two mails that need the same buckets never wait for each other in a circle.
_TAKE = """
INSERT INTO rate_buckets AS b (key, used, granted, most, ends)
SELECT v.key, LEAST(v.asked, v.most), LEAST(v.asked, v.most), v.most, v.ends
FROM unnest(%(keys)s::bytea[], %(asked)s::int[], %(most)s::int[], %(ends)s::timestamptz[])
     AS v (key, asked, most, ends)
ORDER BY v.key
ON CONFLICT (key) DO UPDATE SET
    used = b.used + GREATEST(0, LEAST(excluded.granted, excluded.most - b.used)),
    granted = GREATEST(0, LEAST(excluded.granted, excluded.most - b.used)),
    most = excluded.most
RETURNING key, granted, most - used
"""
_LEFT = "SELECT key, used FROM rate_buckets WHERE key = ANY(%s)"
_GIVE_BACK = """
WITH locked AS (SELECT key FROM rate_buckets WHERE key = ANY(%(keys)s) ORDER BY key FOR NO KEY UPDATE)
UPDATE rate_buckets b SET used = b.used - v.count
FROM unnest(%(keys)s::bytea[], %(counts)s::int[]) AS v (key, count), locked
WHERE b.key = v.key AND b.key = locked.key
"""
_EXPIRED = """
DELETE FROM rate_buckets WHERE key = ANY (ARRAY(
    SELECT key FROM rate_buckets WHERE ends < %s ORDER BY ends LIMIT %s FOR UPDATE SKIP LOCKED))
"""


@dataclass(slots=True)
class _Held:
    """What this process may still spend of a bucket, and what the row had left when it was last asked."""

    spare: int
    left: int
    ends: datetime


_held: dict[bytes, _Held] = {}
_lock = threading.Lock()


def spend(wanted: Sequence[tuple[Bucket, ...]], now: datetime, *, all_or_none: bool = False) -> list[Bucket | None]:
    """Count a copy in each of its buckets, for every one of ``wanted``; gives for each None, or the full bucket.

    A copy that is not let through is counted nowhere, and with ``all_or_none`` nothing is counted then. One statement,
    or none where enough was held; another one to give back where some are not let through.
    """
    by_key = {bucket.key: bucket for buckets in wanted for bucket in buckets}
    needed = Counter(bucket.key for buckets in wanted for bucket in buckets)
    given = _held_of(needed, now)
    if short := {key: count - given[key] for key, count in needed.items() if count > given[key]}:
        taken = _take(by_key, short)
    else:
        taken = Counter()
    left = given + taken
    before = left.copy()
    refusals = [_let_through(buckets, left) for buckets in wanted]
    if any(refusals):
        if all_or_none:
            left = before
        _give_back({key: min(left[key], taken[key]) for key in taken})
        left -= taken
    _hold(by_key, left)
    return refusals


def foresee(buckets: Sequence[Bucket], counted: Counter[bytes]) -> Bucket | None:
    """What ``spend`` would say of one copy more beside those ``counted`` already, among which it then is.

    Nothing is debited, so another mail may be quicker. One query.
    """
    keys = [bucket.key for bucket in buckets]
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, [keys])
        used = {bytes(key): spent for key, spent in cursor.fetchall()}
    with _lock:
        spare = {key: _held[key].spare for key in keys if key in _held}
    left = Counter(
        {one.key: one.most - used.get(one.key, 0) + spare.get(one.key, 0) - counted[one.key] for one in buckets}
    )
    full = _let_through(buckets, left)
    if full is None:
        counted.update(keys)
    return full


def forget() -> None:
    """Drop what this process was given."""
    with _lock:
        _held.clear()


def expire(now: datetime, limit: int) -> int:
    """Delete buckets whose window has ended."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRED, [now, limit])
        deleted: int = cursor.rowcount
    return deleted


def _let_through(buckets: Sequence[Bucket], left: Counter[bytes]) -> Bucket | None:
    """Spend of what is left; or the full bucket that is longest so, and nothing is spent."""
    full = [bucket for bucket in buckets if left[bucket.key] < 1]
    if full:
        return max(full, key=lambda bucket: bucket.ends)
    for bucket in buckets:
        left[bucket.key] -= 1
    return None


def _held_of(needed: Mapping[bytes, int], now: datetime) -> Counter[bytes]:
    given: Counter[bytes] = Counter()
    with _lock:
        for key, count in needed.items():
            held = _held.get(key)
            if held and held.spare:
                given[key] = min(count, held.spare)
                held.spare -= given[key]
    return given


def _take(by_key: Mapping[bytes, Bucket], short: Mapping[bytes, int]) -> Counter[bytes]:
    asked = [count + _spare(key) for key, count in short.items()]
    values: dict[str, Any] = {
        "keys": list(short),
        "asked": asked,
        "most": [by_key[key].most for key in short],
        "ends": [by_key[key].ends for key in short],
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        rows = [(bytes(key), granted, left) for key, granted, left in cursor.fetchall()]
    with _lock:
        for key, _, left in rows:
            held = _held.setdefault(key, _Held(0, 0, by_key[key].ends))
            held.left = left
    return Counter({key: granted for key, granted, _ in rows})


def _spare(key: bytes) -> int:
    """How much to ask for beyond the need: nothing within a transaction, since a rollback takes the debit back."""
    if connection.in_atomic_block:
        return 0
    with _lock:
        held = _held.get(key)
        return min(_MOST_SPARE, max(0, held.left) // _SPARE_SHARE) if held else 0


def _hold(by_key: Mapping[bytes, Bucket], left: Counter[bytes]) -> None:
    with _lock:
        for key, count in left.items():
            if count > 0:
                _held.setdefault(key, _Held(0, 0, by_key[key].ends)).spare += count
        if len(_held) > _MOST_KEPT:
            _drop_some()


def _drop_some() -> None:
    """Those of windows that ended, else all: what was held of them is then not spent."""
    newest = max(held.ends for held in _held.values())
    ended = [key for key, held in _held.items() if held.ends < newest]
    for key in ended or list(_held):
        del _held[key]


def _give_back(unspent: Mapping[bytes, int]) -> None:
    unspent = {key: count for key, count in unspent.items() if count > 0}
    if unspent:
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, {"keys": list(unspent), "counts": list(unspent.values())})
