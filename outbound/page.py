"""The page of one sent mail: what it says, to whom, what each gate and server said of it.

Decides what is put before an operator; opening the text is put on record. It changes nothing.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from outbound import words as said
from outbound.models import OutboundRecipient, Outgoing, RecipientState
from postbox.audit.record import record
from postbox.desk import words
from postbox.desk.admin import actor_of, audit_of
from postbox.mail.badges import OUTCOME_LEVELS
from postbox.mail.models import Outcome, Status
from postbox.mail.reading import NotReadable, read


def of(request: HttpRequest, row: Outgoing) -> dict[str, Any]:
    """The context of the page, opened and put on record."""
    message, people = row.message, list(row.recipients.all())
    back = [sum(one.state == state for one in people) for state in (RecipientState.BOUNCED, RecipientState.COMPLAINED)]
    facts: dict[str, Any] = {
        "title": "Sent mail",
        "row": row,
        "message": message,
        "state": said.of_outcome(row.state, row.get_state_display(), len(people), *back),
        "why": said.of_code(row.code) if row.code else "",
        "wait": said.of_wait(row.state, row.not_before, row.attempts),
        "recipients": [_recipient(one, is_held=row.state == Status.HELD) for one in people],
        "agent_url": reverse("admin:identity_agent_change", args=[row.agent_id]),
        "audit_url": audit_of(row.pk),
        "reports_url": f"{reverse('admin:outbound_deliveryreport_changelist')}?q={row.pk}",
    }
    try:
        reading = read(message)
    except NotReadable as error:
        return facts | {"not_readable": str(error)}
    record(actor_of(request), "message.read", message.id)
    verdicts = [(one, words.badge(one.label, OUTCOME_LEVELS[Outcome(one.outcome)])) for one in reading.verdicts]
    return facts | {"reading": reading, "verdicts": verdicts}


def _recipient(one: OutboundRecipient, *, is_held: bool) -> dict[str, Any]:
    state = RecipientState(one.state)
    held = said.of_state(Status.HELD, Status.HELD.label) if is_held and state == RecipientState.QUEUED else ""
    return {
        "row": one,
        "state": held or words.badge(one.get_state_display(), said.RECIPIENT_LEVELS[state]),
        "why": said.of_code(one.last_code) if one.last_code else "",
    }
