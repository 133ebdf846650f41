"""Looking at much stored mail again, in batches that a worker takes from a row, so that it goes on after any crash.

Decides the order (newest first), the size of a batch, and that mail which came after it was asked for is left alone.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from postbox.audit.record import record
from postbox.desk.ids import first_id
from postbox.events import wakeups
from postbox.identity.models import Agent
from postbox.ingest.models import Again, Reexamination
from postbox.ingest.reexamine import reapply, rescore
from postbox.lib import clock
from postbox.lib.envelope import MasterKeyMissing
from postbox.lib.ids import uuid7
from postbox.mail.models import Direction, Message, Status

log = logging.getLogger(__name__)

BATCH = 25
RUN_SECONDS = 15.0
LEASE = timedelta(seconds=60)  # no task lives longer (CELERY_TASK_TIME_LIMIT)
_LATER = timedelta(seconds=30)
_ID_SLACK = timedelta(hours=1)
WORK = {Again.RESCORE: "score", Again.REAPPLY: "rules"}
_DO: dict[str, Callable[[Sequence[uuid.UUID]], int]] = {Again.RESCORE: rescore, Again.REAPPLY: reapply}

_CLAIM = """
UPDATE reexaminations SET lease_token = %(token)s, leased_until = %(until)s, attempts = 1 WHERE id = (
    SELECT id FROM reexaminations
    WHERE finished_at IS NULL AND kind = %(kind)s AND not_before <= %(now)s
      AND (leased_until IS NULL OR leased_until < %(now)s)
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
"""


def ask(
    kind: Again,
    *,
    actor: str,
    agent: Agent | None = None,
    since: datetime | None = None,
    limit: int | None = None,
    ids: Sequence[uuid.UUID] | None = None,
) -> Reexamination:
    """Note that this mail is to be looked at again, and wake a worker once that is committed."""
    job = Reexamination(kind=kind, agent=agent, since=since, asked_by=actor[:120], before=uuid7())
    job.ids = None if ids is None else list(ids)
    count = _messages(job).count()
    job.total = count if limit is None else min(limit, count)
    with transaction.atomic():
        job.save()
        record(actor, f"message.{kind.value}_all_asked", job.id, total=job.total)
        wakeups.wake(WORK[kind])
    return job


def scores_due() -> bool:
    """Whether any mail waits to be scored again."""
    return _due(Again.RESCORE).exists()


def rules_due() -> bool:
    """Whether any mail waits for its rules to be applied again."""
    return _due(Again.REAPPLY).exists()


def run(kind: Again, seconds: float = RUN_SECONDS) -> int:
    """Work off what was asked for, for some seconds. Returns how many mails were looked at."""
    wakeups.clear(WORK[kind])
    until, looked = time.monotonic() + seconds, 0
    while time.monotonic() < until and (job := _claim(kind)):
        looked += _work(job, until)
    if _due(kind).exists():
        wakeups.publish(WORK[kind], force=True)
    return looked


def _due(kind: Again) -> QuerySet[Reexamination]:
    now = clock.now()
    rows = Reexamination.objects.filter(finished_at=None, kind=kind, not_before__lte=now)
    return rows.exclude(leased_until__gte=now)


def _claim(kind: Again) -> Reexamination | None:
    now, token = clock.now(), uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "until": now + LEASE, "token": token, "kind": kind.value})
    return Reexamination.objects.filter(lease_token=token).first()


def _work(job: Reexamination, until: float) -> int:
    looked = 0
    while time.monotonic() < until:
        ids = _next(job)
        if not ids:
            _settle(job, finished_at=clock.now(), lease_token=None, leased_until=None)
            return looked
        try:
            done = _DO[job.kind](ids)
        except (MasterKeyMissing, OSError) as error:  # our own trouble, not the mails'
            log.error("reexamination_released", exc_info=error)
            _settle(job, lease_token=None, leased_until=None, not_before=clock.now() + _LATER)
            return looked
        looked += len(ids)
        job.before, job.done, job.passed_over = ids[-1], job.done + done, job.passed_over + len(ids) - done
        progress = {"before": job.before, "done": job.done, "passed_over": job.passed_over}
        if not _settle(job, **progress, leased_until=clock.now() + LEASE):
            return looked  # somebody else has it by now
    _settle(job, lease_token=None, leased_until=None)
    return looked


def _settle(job: Reexamination, **values: Any) -> bool:
    return Reexamination.objects.filter(pk=job.pk, lease_token=job.lease_token).update(**values) == 1


def _next(job: Reexamination) -> list[uuid.UUID]:
    left = job.total - job.done - job.passed_over
    if left <= 0:
        return []
    return list(_messages(job).order_by("-id").values_list("pk", flat=True)[: min(left, BATCH)])


def _messages(job: Reexamination) -> QuerySet[Message]:
    open_states = (Status.PROCESSED, Status.QUARANTINED)
    rows = Message.objects.filter(id__lt=job.before, direction=Direction.INBOUND, status__in=open_states)
    if job.ids is not None:
        rows = rows.filter(pk__in=job.ids)
    if job.agent_id:
        rows = rows.filter(agent_id=job.agent_id)
    if job.since:
        rows = rows.filter(id__gte=first_id(job.since - _ID_SLACK), received_at__gt=job.since)
    return rows
