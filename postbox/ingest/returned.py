"""What comes to the addresses of a sent mail's own (bounces at its return path, and who wants to get no more), and the
reports that come to an agent's own address.

Decides which mail outbound is told of, by an event. What comes to an address of a sent mail is never a message of the
agent: the event holds the mail itself, sealed by the key of the mail that it answers. What comes to the agent's own
address stays its mail, and the event names it. What any of them means is outbound's to read.
"""

from __future__ import annotations

import base64
import uuid
from datetime import datetime

from django.db import transaction

from postbox.events.body import render
from postbox.events.emit import NewEvent, emit
from postbox.events.models import EventKind
from postbox.identity.models import AgentKey
from postbox.identity.return_paths import Purpose
from postbox.ingest import metrics
from postbox.lib import clock
from postbox.lib.envelope import SealBroken
from postbox.lib.ids import uuid7
from postbox.mail.keys import KeyErased, message_key, seal_part
from postbox.mail.models import Direction, Message
from postbox.screening.case import Case

# Of a report this much is kept; what it is about stands at its beginning, before the returned mail.
KEPT_BYTES = 256 * 1024
_ROBOTS = ("mailer-daemon@", "postmaster@")


def take(raw: bytes, message_id: uuid.UUID, purpose: Purpose) -> bool:
    """Store what came to an address of a message's own, durably; gives whether that message is still there.

    Raises OperationalError when it cannot. The same mail again is one event more, which changes nothing twice.
    """
    with transaction.atomic():
        event = _event_of(raw, message_id, purpose)
        if event is not None:
            emit([event])
    metrics.RETURNED.inc("stored" if event else "expired")
    return event is not None


def tells_of(case: Case) -> bool:
    """Whether a mail to an agent's own address may be a report: by its sender or its type alone."""
    if not case.mail_from:
        return True
    if case.parsed is None:
        return False
    if any(box.address.lower().startswith(_ROBOTS) for box in case.parsed.from_):
        return True
    return case.parsed.header("content-type").lstrip()[:16].lower() == "multipart/report"


def event_of_own(case: Case, key: bytes, now: datetime) -> NewEvent:
    """What outbound is told of such a mail: its id."""
    return _event(case.id, case.agent_id, key, {"message_id": str(case.id)}, now)


def _event_of(raw: bytes, message_id: uuid.UUID, purpose: Purpose) -> NewEvent | None:
    row = Message.objects.filter(pk=message_id, direction=Direction.OUTBOUND).values_list("agent_id", flat=True).first()
    if row is None:
        return None
    try:
        key = message_key(message_id, row)
    except (KeyErased, AgentKey.DoesNotExist, SealBroken):
        return None
    encoded = base64.b64encode(raw[:KEPT_BYTES]).decode()
    data = {"message_id": str(message_id), "purpose": purpose.value, "raw": encoded}
    return _event(message_id, row, key, data, clock.now())


def _event(message_id: uuid.UUID, agent_id: uuid.UUID, key: bytes, data: dict[str, str], now: datetime) -> NewEvent:
    event_id, kind = uuid7(), EventKind.BOUNCE_RECEIVED
    body = seal_part(key, render(event_id, kind, now, data), message_id, "event", agent_id)
    return NewEvent(event_id, kind, agent_id, message_id, now, body)
