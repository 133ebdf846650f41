"""Spending send quotas: so many recipients an hour and a day for an agent, an owner and the system.

Decides that a quota is never overspent, however many processes spend it: each debit is made under a row's lock, in the
transaction that stores the mail, in one order. An agent's own row is locked for each mail, which are one after the
other anyway; an owner's and the system's hand out blocks to a few shards, so that their one row is no queue.
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from outbound.models import QuotaScope, Window

SHARDS = 8
MOST_A_BLOCK = 256
_LENGTHS = {Window.HOUR: timedelta(hours=1), Window.DAY: timedelta(days=1)}

# The whole debit where the rows are there, nothing is spent and no block is empty, as parts of a WITH: ``debited`` has
# one row where all of it was. Blocks are locked in the order that ``debit`` keeps.
WITH_DEBIT = """
own AS (
    UPDATE send_quotas SET
        used = %(count)s::int + CASE WHEN period = CASE "window" WHEN 'hour' THEN %(hour)s ELSE %(day)s END
                                THEN used ELSE 0 END,
        period = CASE "window" WHEN 'hour' THEN %(hour)s ELSE %(day)s END
    WHERE scope = 'agent' AND agent_id = %(agent)s AND owner_id IS NULL
    RETURNING used <= coalesce("limit", CASE "window" WHEN 'hour' THEN %(agent_hour)s::int
                                                      ELSE %(agent_day)s::int END, used) AS is_enough
), shared AS (
    SELECT id, scope, "window", coalesce("limit", CASE "window" WHEN 'hour' THEN %(owner_hour)s::int
                                                             ELSE %(owner_day)s::int END) AS most
    FROM send_quotas WHERE scope = 'owner' AND agent_id IS NULL AND owner_id = %(owner)s
    UNION ALL
    SELECT id, scope, "window", coalesce("limit", CASE "window" WHEN 'hour' THEN %(system_hour)s::int
                                                             ELSE %(system_day)s::int END)
    FROM send_quotas WHERE scope = 'system' AND agent_id IS NULL AND owner_id IS NULL
), mine AS (
    SELECT b.id FROM shared s JOIN send_quota_blocks b ON b.quota_id = s.id AND b.shard = %(shard)s
    WHERE s.most IS NOT NULL AND b."left" >= %(count)s::int
      AND b.period = CASE s."window" WHEN 'hour' THEN %(hour)s ELSE %(day)s END
    ORDER BY s.scope, s."window" DESC FOR UPDATE OF b
), spent AS (
    UPDATE send_quota_blocks b SET "left" = b."left" - %(count)s::int FROM mine WHERE b.id = mine.id RETURNING 1
), debited AS (
    SELECT 1 WHERE (SELECT count(*) FROM own WHERE is_enough) = 2 AND (SELECT count(*) FROM shared) = 4
               AND (SELECT count(*) FROM shared WHERE most IS NOT NULL) = (SELECT count(*) FROM spent)
)
"""
_OWN = """
INSERT INTO send_quotas (scope, agent_id, owner_id, "window", used, period)
VALUES ('agent', %(agent)s, NULL, %(window)s, %(count)s::int, %(period)s)
ON CONFLICT (scope, agent_id, owner_id, "window") DO UPDATE
SET used = CASE WHEN send_quotas.period = excluded.period THEN send_quotas.used ELSE 0 END + excluded.used,
    period = excluded.period
RETURNING used, "limit"
"""
_QUOTA = """
INSERT INTO send_quotas (scope, agent_id, owner_id, "window", used)
VALUES (%(scope)s, NULL, %(owner)s, %(window)s, 0) ON CONFLICT DO NOTHING
"""
_FIND = """
SELECT id, "limit" FROM send_quotas
WHERE scope = %(scope)s AND agent_id IS NULL AND owner_id IS NOT DISTINCT FROM %(owner)s AND "window" = %(window)s
"""
_SPEND = """
UPDATE send_quota_blocks SET "left" = "left" - %(count)s::int
WHERE quota_id = %(quota)s AND shard = %(shard)s AND period = %(period)s AND "left" >= %(count)s::int
"""
_LOCK = 'SELECT used, period, "limit" FROM send_quotas WHERE id = %s FOR NO KEY UPDATE'
_SHARDS = """
INSERT INTO send_quota_blocks (quota_id, shard, "left") SELECT %s, n, 0 FROM generate_series(0, %s) AS n
ON CONFLICT DO NOTHING
"""
_BLOCKS = """
SELECT shard, CASE WHEN period = %s THEN "left" ELSE 0 END FROM send_quota_blocks
WHERE quota_id = %s ORDER BY shard FOR UPDATE
"""
_PUT_BLOCK = 'UPDATE send_quota_blocks SET "left" = %s, period = %s WHERE quota_id = %s AND shard = %s'
_EMPTY_BLOCKS = 'UPDATE send_quota_blocks SET "left" = 0 WHERE quota_id = %s'
_PUT_USED = "UPDATE send_quotas SET used = %s, period = %s WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Spent:
    """A quota that would be overspent: whose it is, how much it is, and when it opens again."""

    scope: QuotaScope
    window: Window
    limit: int
    opens_at: datetime


class Short(Exception):
    """It takes a closer look: a quota is spent, a block is empty, or a row is not there yet."""


def debit(agent_id: uuid.UUID, owner_id: uuid.UUID, count: int, now: datetime) -> Spent | None:
    """Debit every quota of an agent for so many recipients, in the caller's transaction, which must then be rolled
    back when one is spent: that one is returned.
    """
    for window in Window:
        if spent := _debit_agent(agent_id, window, count, now):
            return spent
    shard = _shard(agent_id)
    for scope, owner in ((QuotaScope.OWNER, owner_id), (QuotaScope.SYSTEM, None)):
        for window in Window:
            if spent := _debit_shared(scope, owner, window, shard, count, now):
                return spent
    return None


def take_back(quota: int) -> None:
    """Empty a quota's blocks into it, in the caller's transaction, so that its limit holds from the next mail on."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [quota])
        used, period, _ = cursor.fetchone()
        cursor.execute(_BLOCKS, [period, quota])
        left = sum(count for _, count in cursor.fetchall())
        cursor.execute(_EMPTY_BLOCKS, [quota])
        cursor.execute(_PUT_USED, [used - left, period, quota])


def values_of(agent_id: uuid.UUID, owner_id: uuid.UUID, count: int, now: datetime) -> dict[str, Any]:
    """The values of ``WITH_DEBIT``. Where its statement finds ``debited`` empty, the caller's transaction must be
    rolled back, so that its locks go, and may be tried again with ``debit``.
    """
    values: dict[str, Any] = {"agent": agent_id, "owner": owner_id, "count": count, "shard": _shard(agent_id)}
    values |= {window.value: period_of(window, now) for window in Window}
    return values | {f"{scope}_{window}": default_limit(scope, window) for scope in QuotaScope for window in Window}


def period_of(window: Window, at: datetime) -> datetime:
    """When the window began in which this moment lies: the full hour or the day, in UTC."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    return hour if window == Window.HOUR else hour.replace(hour=0)


def default_limit(scope: QuotaScope, window: Window) -> int | None:
    """What the settings say where a quota's row has no limit of its own; None: as many as you like."""
    limit: int = settings.POSTBOX_QUOTAS[scope.value, window.value]
    return limit or None


def _shard(agent_id: uuid.UUID) -> int:
    return zlib.crc32(agent_id.bytes) % SHARDS


def _debit_agent(agent_id: uuid.UUID, window: Window, count: int, now: datetime) -> Spent | None:
    period = period_of(window, now)
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"agent": agent_id, "window": window.value, "count": count, "period": period}
        cursor.execute(_OWN, values)
        used, own = cursor.fetchone()
    limit = own if own is not None else default_limit(QuotaScope.AGENT, window)
    return _spent(QuotaScope.AGENT, window, limit, period) if limit is not None and used > limit else None


def _debit_shared(
    scope: QuotaScope, owner: uuid.UUID | None, window: Window, shard: int, count: int, now: datetime
) -> Spent | None:
    quota, own = _quota(scope, owner, window)
    limit = own if own is not None else default_limit(scope, window)
    if limit is None:
        return None
    period = period_of(window, now)
    with connection.cursor() as cursor, transaction.atomic():  # a savepoint: a lock on the shard goes when it is short
        values: dict[str, Any] = {"quota": quota, "shard": shard, "period": period, "count": count}
        try:
            with transaction.atomic():
                cursor.execute(_SPEND, values)
                if cursor.rowcount:
                    return None
                raise Short
        except Short:
            return None if _refill(cursor, values, limit) else _spent(scope, window, limit, period)


def _refill(cursor: Any, values: dict[str, Any], limit: int) -> bool:
    """With the quota's row locked, and then its shards in their order: a new block, or what the others have left."""
    quota, shard, period, count = values["quota"], values["shard"], values["period"], values["count"]
    cursor.execute(_LOCK, [quota])
    used, began, _ = cursor.fetchone()
    used = used if began == period else 0
    cursor.execute(_SHARDS, [quota, SHARDS - 1])
    cursor.execute(_BLOCKS, [period, quota])
    left = dict(cursor.fetchall())
    block = min(max(count, min(MOST_A_BLOCK, limit // (4 * SHARDS))), max(0, limit - used))
    missing = count - left[shard] - block
    changed = {shard: left[shard] + block - count}
    if missing > 0:
        taken = _take(left, shard, missing)
        if taken is None:
            return False
        changed = taken | {shard: 0}
    for number, value in changed.items():
        cursor.execute(_PUT_BLOCK, [value, period, quota, number])
    cursor.execute(_PUT_USED, [used + block, period, quota])
    return True


def _take(left: dict[int, int], shard: int, missing: int) -> dict[int, int] | None:
    """What the other shards keep when so much is taken from them; None when they do not have it."""
    changed: dict[int, int] = {}
    for number, value in left.items():
        if number != shard and missing > 0 and value > 0:
            taken = min(value, missing)
            changed[number] = value - taken
            missing -= taken
    return None if missing > 0 else changed


def _quota(scope: QuotaScope, owner: uuid.UUID | None, window: Window) -> tuple[int, int | None]:
    values: dict[str, Any] = {"scope": scope.value, "owner": owner, "window": window.value}
    with connection.cursor() as cursor:
        cursor.execute(_FIND, values)
        row: Sequence[Any] | None = cursor.fetchone()
        if row is None:
            cursor.execute(_QUOTA, values)
            cursor.execute(_FIND, values)
            row = cursor.fetchone()
    assert row is not None  # noqa: S101
    return row[0], row[1]


def _spent(scope: QuotaScope, window: Window, limit: int, period: datetime) -> Spent:
    return Spent(scope, window, limit, period + _LENGTHS[window])
