"""What the pipeline shows on the front page: how much mail waits, since when, and what lies in the spool."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from postbox.desk.figures import COUNTED_UP_TO, Figure, counted
from postbox.desk.words import Level, age
from postbox.lib import clock
from postbox.mail.models import SpooledMail, Status

_SLOW = timedelta(seconds=30)
_STUCK = timedelta(minutes=5)
_SPOOL_LARGE = 5_000

_WAITING = f"""
SELECT (SELECT count(*) FROM (SELECT 1 FROM messages WHERE status = '{Status.RECEIVED}' LIMIT %s) AS capped),
       (SELECT received_at FROM messages WHERE status = '{Status.RECEIVED}' ORDER BY id LIMIT 1)
"""  # noqa: S608


def figures() -> list[Figure]:
    """Queue depth, the age of the oldest waiting mail, and the spool's backlog; two queries."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [COUNTED_UP_TO + 1])
        waiting, oldest = cursor.fetchone()
    spooled = SpooledMail.objects.order_by().values("pk")[: COUNTED_UP_TO + 1].count()
    since = clock.now() - oldest if oldest else timedelta(0)
    level = Level.DANGER if since > _STUCK else Level.WARNING if since > _SLOW else Level.PLAIN
    return [
        Figure("Queue", counted(waiting), "mails wait for the pipeline", level, "mail/message/?status__exact=received"),
        Figure("Oldest waiting", age(since.total_seconds()) if oldest else "–", "since it was accepted", level),
        Figure(
            "Spool",
            counted(spooled),
            "raw mails not yet in the bucket",
            Level.WARNING if spooled > _SPOOL_LARGE else Level.PLAIN,
        ),
    ]
