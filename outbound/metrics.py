"""What outbound counts, and its queue as it is read from its rows.

Decides names and labels; agents and addresses are never among them.
"""

from __future__ import annotations

from django.db import connection

from postbox.lib import clock
from postbox.mail.models import Status
from postbox.metrics.counts import Counter, Histogram
from postbox.metrics.gauges import Gauge, queue

COUNTED_UP_TO = 20_000

TAKEN = Counter("postbox_outbound_taken", "Mails that agents asked to send, by what became of them.", ("status",))
REFUSED = Counter("postbox_outbound_refused", "Mails that a gate refused, by its code.", ("code",))
RESULTS = Counter("postbox_outbound_results", "Recipients by what their server said.", ("outcome",))
SHIP_SECONDS = Histogram(
    "postbox_outbound_ship_seconds", "Handing a batch of mails over, by transport.", ("transport",)
)
_QUEUE = f"""
SELECT count(*), min(not_before) FROM
    (SELECT not_before FROM outbound_messages WHERE state = '{Status.QUEUED}' AND not_before <= %s LIMIT %s) AS due
"""  # noqa: S608


def gauges() -> list[Gauge]:
    """How many mails are due, and since when the oldest is."""
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, [clock.now(), COUNTED_UP_TO])
        waiting, since = cursor.fetchone()
    return queue("outbound", waiting, since)
