"""Limits that tighten while an attack lasts, and relax after it; both moments are on record.

Decides what an attack is: so many copies over a limit within five minutes, all doors and processes together
(``POSTBOX_RATE_ATTACK``; 0: never). Then every sender's limits are a quarter of what they were, until ten minutes went
by without one, and after an hour at the latest: tight limits turn honest mail away too, which must not keep them tight.
It never decides over a single mail.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from postbox.audit.record import record
from postbox.ingest.models import RateAlarm
from postbox.lib import clock
from postbox.lib.kept import Kept

SHARE = 4
_WINDOW = timedelta(minutes=5)
_CALM = timedelta(minutes=10)
_LONGEST = timedelta(hours=1)
# While it goes on the row is written once a minute, not with each mail.
_WRITTEN = timedelta(minutes=1)
_COUNT = """
INSERT INTO rate_buckets AS b (key, used, granted, most, ends) VALUES (%(key)s, %(count)s, 0, 0, %(ends)s)
ON CONFLICT (key) DO UPDATE SET used = b.used + excluded.used RETURNING used
"""
_until: Kept[str, datetime] = Kept(seconds=2.0)
_NEVER = datetime.min.replace(tzinfo=clock.now().tzinfo)


def is_on(now: datetime) -> bool:
    """Whether limits are tight now, as it stood up to two seconds ago."""
    if not settings.POSTBOX_RATE_ATTACK:
        return False
    until = _until.get("")
    if until is None:
        found = RateAlarm.objects.filter(since__isnull=False).values_list("until", flat=True).first()
        until = _until.put("", found or _NEVER)
    return now < until


def note(count: int, now: datetime) -> None:
    """Count copies that were over a limit, and tighten the limits where that makes an attack."""
    most: int = settings.POSTBOX_RATE_ATTACK
    if not most or not count:
        return
    window = int(now.timestamp()) // int(_WINDOW.total_seconds())
    key = blake2b(f"refused|{window}".encode(), digest_size=16).digest()
    values: dict[str, Any] = {"key": key, "count": count, "ends": now + _WINDOW}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        (refused,) = cursor.fetchone()
    if refused >= most:
        _tighten(refused, now)


def relax() -> bool:
    """End what is over, and put that on record; called every few seconds. Harmless when two do it."""
    now = clock.now()
    with transaction.atomic():
        ended = RateAlarm.objects.select_for_update().filter(since__isnull=False, until__lte=now).first()
        if ended is None or ended.since is None:
            return False
        record("system", "rates.relaxed", "rates", minutes=int((now - ended.since).total_seconds() // 60))
        RateAlarm.objects.filter(pk=ended.pk).update(since=None)
    return True


def forget() -> None:
    """Drop what this process keeps."""
    _until.clear()


def _tighten(refused: int, now: datetime) -> None:
    with transaction.atomic():
        RateAlarm.objects.bulk_create([RateAlarm(only=True, until=now)], ignore_conflicts=True)
        alarm = RateAlarm.objects.select_for_update().get()
        if alarm.since is None or alarm.until <= now:
            alarm.since, alarm.until = now, now + _CALM
            record("system", "rates.tightened", "rates", refused=refused, share=SHARE)
        elif alarm.until < now + _CALM - _WRITTEN:
            alarm.until = min(now + _CALM, alarm.since + _LONGEST)
        else:
            return
        alarm.save()
    _until.put("", alarm.until)
