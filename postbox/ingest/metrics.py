"""What the door and the pipeline count, and the queues that are read from their rows.

Decides names and labels. A label's value is a code of ours, never an address, an id or a word of a mail.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence

from django.db import connection
from django.http.response import HttpResponseBase

from postbox.lib.ids import made_at
from postbox.mail.models import Outcome, Status
from postbox.mail.store import Stored
from postbox.metrics.counts import Counter, Histogram
from postbox.metrics.gauges import Gauge, queue
from postbox.screening.case import Case, Verdict, decide

log = logging.getLogger(__name__)

# A backlog beyond this is counted as this much.
COUNTED_UP_TO = 100_000
_LETS_PASS = frozenset({Outcome.PASS, Outcome.SKIP})

ACCEPTED = Counter(
    "postbox_mails_accepted", "Mails stored durably, one for each recipient; duplicates beside.", ("duplicate",)
)
REFUSED = Counter("postbox_mails_refused", "Mails and recipients refused at a door.", ("reason",))
RATE_LIMITED = Counter(
    "postbox_rate_limited", "Copies of mails that came too soon, by the limit that they met.", ("scope", "window")
)
RETURNED = Counter("postbox_mails_returned", "Mails to return paths, by what became of them.", ("outcome",))
SETTLED = Counter(
    "postbox_mails_settled",
    "Mails that the pipeline settled, by the verdict that decided.",
    ("outcome", "step", "code"),
)
STAGE_SECONDS = Histogram("postbox_stage_seconds", "How long a step took for one mail.", ("step",))

_WAITS = f"messages WHERE status = '{Status.RECEIVED}'"
_QUEUE = f"""
SELECT (SELECT count(*) FROM (SELECT 1 FROM {_WAITS} LIMIT %s) AS capped),
       (SELECT received_at FROM {_WAITS} ORDER BY id LIMIT 1),
       (SELECT count(*) FROM (SELECT 1 FROM {_WAITS} AND waits > 0 LIMIT %s) AS capped),
       (SELECT received_at FROM {_WAITS} AND waits > 0 ORDER BY id LIMIT 1),
       (SELECT count(*) FROM (SELECT 1 FROM mail_spool LIMIT %s) AS capped),
       (SELECT message_id FROM mail_spool ORDER BY message_id LIMIT 1)
"""  # noqa: S608


def stored(rows: Sequence[Stored]) -> None:
    """Count what a door stored, and say in the log which request brought which message."""
    for row in rows:
        ACCEPTED.inc("true" if row.duplicate else "false")
    if log.isEnabledFor(logging.INFO):
        for row in rows:
            log.info("mail_accepted", extra={"message_id": str(row.id), "duplicate": row.duplicate})


def refused_by(response: HttpResponseBase) -> None:
    """Count the refusal that an HTTP door answers with, by its code."""
    data = getattr(response, "data", None)
    try:
        code = (data if data is not None else json.loads(getattr(response, "content", b"{}")))["code"]
    except (ValueError, KeyError, TypeError):
        code = str(response.status_code)
    REFUSED.inc(str(code))


def settled(cases: Iterable[tuple[Case, Status]]) -> None:
    """Count mails whose outcome is written."""
    said = log.isEnabledFor(logging.INFO)
    for case, status in cases:
        verdict = deciding(case.verdicts, status)
        step, code = (verdict.step, verdict.code) if verdict else ("", "")
        SETTLED.inc(status.value, step, code)
        if said:
            extra = {"message_id": str(case.id), "status": status.value, "step": step, "code": code}
            log.info("mail_settled", extra=extra)


def deciding(verdicts: Iterable[Verdict], status: Status) -> Verdict | None:
    """The first verdict that led to this state; none where every step let the mail pass."""
    for verdict in verdicts:
        if verdict.outcome not in _LETS_PASS and decide((verdict,)) == status:
            return verdict
    return None


def gauges() -> list[Gauge]:
    """Depth and age of the queue, of what in it waits for DNS, and of the spool; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, [COUNTED_UP_TO] * 3)
        waiting, oldest, unanswered, oldest_unanswered, spooled, first = cursor.fetchone()
    oldest_spooled = made_at(first) if first else None
    return [
        *queue("ingest", waiting, oldest),
        *queue("dns", unanswered, oldest_unanswered),
        *queue("spool", spooled, oldest_spooled),
    ]
