"""What comes back of a sent mail, from whatever source: ``record_bounce``.

Decides which recipient a report is of (by our id or the provider's, and its address), that it is written down once
whatever state the row is in, and what follows: the recipient's state, its owner's reputation of the address, an event.
A report that comes before its message's row is kept and matched later; one that never matches stays visible.
"""

from __future__ import annotations

import hmac
import logging
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from outbound import told
from outbound.models import DeliveryReport, OutboundRecipient, RecipientState, ReportKind, ReportState
from postbox.audit.record import record
from postbox.events.models import EventKind
from postbox.lib import clock
from postbox.mail.models import Status
from reputation import bounced

log = logging.getLogger(__name__)

# When an early report is looked at again; after the last it counts as of no message here.
AGAIN = (timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(days=1))
PORTION = 100
COMPLAINT_TYPE = "SpamComplaint"

_STATES = {
    ReportKind.BOUNCE: RecipientState.BOUNCED,
    ReportKind.COMPLAINT: RecipientState.COMPLAINED,
    ReportKind.DELIVERED: RecipientState.DELIVERED,
}
_KINDS = {
    ReportKind.BOUNCE: EventKind.MESSAGE_BOUNCED,
    ReportKind.COMPLAINT: EventKind.MESSAGE_COMPLAINED,
    ReportKind.DELIVERED: EventKind.MESSAGE_DELIVERED,
}
_FIND = """
SELECT r.id, r.message_id, lower(r.address) = %(address)s FROM outbound_recipients r
WHERE r.message_id = ANY(
    SELECT message_id FROM outbound_messages
    WHERE message_id = %(message)s OR (%(provider)s <> '' AND provider_id = %(provider)s) LIMIT 2)
ORDER BY r.id FOR UPDATE
"""
# A bounce after "delivered" happens; "delivered" after a bounce or a complaint tells nothing new.
_SETTLE_RECIPIENT = f"""
UPDATE outbound_recipients SET
    state = CASE WHEN %(kind)s = '{ReportKind.DELIVERED}'
                  AND state IN ('{RecipientState.BOUNCED}', '{RecipientState.COMPLAINED}')
             THEN state ELSE %(state)s END,
    changed_at = %(now)s,
    bounced_at = CASE WHEN %(is_back)s THEN coalesce(bounced_at, %(at)s) ELSE bounced_at END,
    bounce_type = CASE WHEN %(is_back)s THEN %(type)s ELSE bounce_type END,
    bounce_detail = CASE WHEN %(is_back)s THEN %(detail)s ELSE bounce_detail END
WHERE id = %(id)s
"""  # noqa: S608
# Somebody had it, so what a dead worker left open is known now.
_SETTLE_MESSAGE = f"""
WITH known AS (
    UPDATE outbound_messages SET state = '{Status.ACCEPTED}', settled_at = %(now)s
    WHERE message_id = %(message)s AND state = '{Status.UNKNOWN}' RETURNING message_id
)
UPDATE messages m SET status = '{Status.ACCEPTED}' FROM known WHERE m.id = known.message_id
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Report:
    """What was said of one recipient. ``event`` tells one report of a source from another; ``message_id`` is ours."""

    source: str
    event: str
    kind: ReportKind
    at: datetime
    address: str = ""
    message_id: uuid.UUID | None = None
    provider_id: str = ""
    bounce_type: str = ""
    is_hard: bool = False
    detail: str = ""


def record_bounce(report: Report) -> DeliveryReport | None:
    """Write a report down and carry out what it means. None when it was written down before."""
    with transaction.atomic():
        row, is_new = DeliveryReport.objects.get_or_create(
            key=_key(report),
            defaults={
                "source": report.source[:32],
                "kind": report.kind,
                "bounce_type": _kept(report.bounce_type, 32),
                "is_hard": report.is_hard,
                "detail": _kept(" ".join(report.detail.split()), 500),
                "message_id": report.message_id,
                "provider_id": _kept(report.provider_id, 255),
                "address": _kept(report.address.lower(), 320),
                "at": report.at,
            },
        )
        if not is_new:
            return None
        _match(row)
    return row


def reconcile() -> int:
    """Look at waiting reports again, a portion of them. Returns how many were looked at."""
    with transaction.atomic():
        rows = list(
            DeliveryReport.objects.select_for_update(skip_locked=True)
            .filter(state=ReportState.WAITING, not_before__lte=clock.now())
            .order_by("not_before")[:PORTION]
        )
        for row in rows:
            _match(row)
    return len(rows)


def due() -> bool:
    """Whether a report waits to be looked at again."""
    return DeliveryReport.objects.filter(state=ReportState.WAITING, not_before__lte=clock.now()).exists()


def _kept(said: str, most: int) -> str:
    """As much of a stranger's words as a column takes: neither NUL nor half a surrogate pair."""
    return said.replace("\x00", "").encode("utf-8", "replace").decode()[:most]


def _key(report: Report) -> bytes:
    secret = settings.POSTBOX_MASTER_KEYS.derive("delivery-report")
    said = "|".join(
        (report.source, report.event, report.kind, str(report.message_id), report.provider_id, report.address.lower())
    )
    return hmac.digest(secret, said.encode("utf-8", "replace"), "sha256")


def _match(row: DeliveryReport) -> None:
    recipient_id = _recipient_of(row)
    if recipient_id is None:
        _keep_waiting(row)
        return
    row.recipient_id, row.state = recipient_id, ReportState.MATCHED
    row.save(update_fields=["recipient", "state"])
    _carry_out(row, recipient_id)


def _recipient_of(row: DeliveryReport) -> int | None:
    """By its address; the only recipient of a message is meant whatever address a forwarder put in its place."""
    if row.message_id is None and not row.provider_id:
        return None
    values: dict[str, Any] = {"message": row.message_id, "provider": row.provider_id, "address": row.address}
    with connection.cursor() as cursor:
        cursor.execute(_FIND, values)
        found = cursor.fetchall()
    named = [recipient_id for recipient_id, _, is_named in found if is_named]
    if named:
        return int(named[0])
    return int(found[0][0]) if len(found) == 1 else None


def _keep_waiting(row: DeliveryReport) -> None:
    if row.tries < len(AGAIN):
        row.not_before, row.tries = clock.now() + AGAIN[row.tries], row.tries + 1
    else:
        row.state = ReportState.UNMATCHED
        log.warning("report_unmatched", extra={"report": str(row.id), "source": row.source})
    row.save(update_fields=["not_before", "tries", "state"])


def _carry_out(row: DeliveryReport, recipient_id: int) -> None:
    recipient = OutboundRecipient.objects.select_related("message__agent").get(pk=recipient_id)
    agent = recipient.message.agent
    kind = ReportKind(row.kind)
    is_back = kind != ReportKind.DELIVERED
    with connection.cursor() as cursor:
        cursor.execute(
            _SETTLE_RECIPIENT,
            {
                "id": recipient.id,
                "kind": kind.value,
                "state": _STATES[kind].value,
                "now": clock.now(),
                "is_back": is_back,
                "at": row.at,
                "type": row.bounce_type,
                "detail": row.detail,
            },
        )
        cursor.execute(_SETTLE_MESSAGE, {"now": clock.now(), "message": recipient.message_id})
    if is_back:
        bounced.note(
            agent.owner_id,
            agent.id,
            recipient.address,
            bounce_type=row.bounce_type,
            is_hard=row.is_hard,
            is_complaint=kind == ReportKind.COMPLAINT,
            detail=row.detail,
            at=row.at,
        )
        record(row.source, "postbox.bounce", recipient.message_id, recipient=recipient.id, type=row.bounce_type)
    told.tell(_KINDS[kind], recipient.message_id, bounce_type=row.bounce_type, address=recipient.address)
