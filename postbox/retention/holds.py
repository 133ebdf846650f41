"""Placing and lifting legal holds.

Decides that a hold, once placed, holds: it waits for a batch of the reaper that is under way (some hundredths of a
second) and every later batch sees it.
"""

from __future__ import annotations

from django.db import connection, transaction

from postbox.audit.record import record
from postbox.retention.models import LegalHold

_KEY = "hashtext('postbox.retention.holds')"
_ALONE = f"SELECT pg_advisory_xact_lock({_KEY})"
_TOGETHER = f"SELECT pg_advisory_xact_lock_shared({_KEY})"

# Over a table named m with an id and an agent_id: whether nothing holds the row. Arrays, read once a statement: with a
# join the planner would read all that is old, sorted, for each small batch.
UNHELD = """
m.agent_id <> ALL (ARRAY(SELECT h.agent_id FROM legal_holds h WHERE h.agent_id IS NOT NULL))
AND (m.{id} IS NULL OR m.{id} <> ALL (ARRAY(SELECT h.message_id FROM legal_holds h WHERE h.message_id IS NOT NULL)))
"""


def place(hold: LegalHold, *, actor: str) -> None:
    """Store a new hold or a changed one."""
    is_new = hold._state.adding
    with transaction.atomic():
        _lock(_ALONE)
        hold.save()
        _record(actor, "hold.placed" if is_new else "hold.changed", hold)


def lift(hold: LegalHold, *, actor: str) -> None:
    """End a hold; what it kept may go with the next run."""
    with transaction.atomic():
        _record(actor, "hold.lifted", hold)
        hold.delete()


def respect() -> None:
    """In a batch's transaction, before it looks: no hold is placed until the transaction ends."""
    _lock(_TOGETHER)


def _lock(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _record(actor: str, action: str, hold: LegalHold) -> None:
    kind = "agent" if hold.agent_id else "message"
    record(actor, action, hold.agent_id or hold.message_id, hold=str(hold.pk), kind=kind)
