"""An operator's word against the pipeline's: a message let go from quarantine, refused, or put there.

Decides that only a judged message moves, that the agent is told by the event that the new state has, and that the audit
says who did it. It never changes verdicts. The word stands: scoring the message again gives it new verdicts, and leaves
its state as the operator wanted it.
"""

from __future__ import annotations

import uuid

from django.db import transaction

from postbox.audit.record import record
from postbox.events.body import render
from postbox.events.emit import NewEvent, emit
from postbox.events.models import EventKind
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail import content as contents
from postbox.mail.keys import message_key, open_part, seal_part
from postbox.mail.models import IllegalTransition, Message, MessageContent, Status, check_transition

_MAX_ACTOR = 120


def release(message_id: uuid.UUID, *, actor: str) -> None:
    """Let a quarantined message go to its agent, who gets it as ``message.received``.

    Raises IllegalTransition, KeyErased, Message.DoesNotExist.
    """
    _move(message_id, Status.QUARANTINED, Status.PROCESSED, actor, "message.released")


def quarantine(message_id: uuid.UUID, *, actor: str) -> None:
    """Take a processed message from its agent, who is told by ``message.quarantined``. Raises as ``release`` does."""
    _move(message_id, Status.PROCESSED, Status.QUARANTINED, actor, "message.quarantined")


def reject(message_id: uuid.UUID, *, actor: str) -> None:
    """Refuse a quarantined message for good. Its agent was told that it was held and is told no more.

    Raises IllegalTransition, Message.DoesNotExist.
    """
    with transaction.atomic():
        message = _locked(message_id, Status.QUARANTINED, Status.REFUSED)
        _decide(message, Status.REFUSED, actor, "message.rejected")


def _move(message_id: uuid.UUID, before: Status, after: Status, actor: str, action: str) -> None:
    with transaction.atomic():
        message = _locked(message_id, before, after)
        _decide(message, after, actor, action)
        emit([_event(message)])


def _locked(message_id: uuid.UUID, before: Status, after: Status) -> Message:
    message = Message.objects.select_for_update(of=("self",)).select_related("agent").get(pk=message_id)
    if message.status != before:
        raise IllegalTransition(f"this message is {message.status}, not {before.value}")
    check_transition(before, after)
    return message


def _decide(message: Message, after: Status, actor: str, action: str) -> None:
    before = message.status
    message.status, message.quarantined = after, after == Status.QUARANTINED
    message.decided_by = actor[:_MAX_ACTOR]
    message.save(update_fields=["status", "quarantined", "decided_by"])
    record(actor, action, message.id, before=before, after=after.value)


def _event(message: Message) -> NewEvent:
    key = message_key(message.id, message.agent_id)
    sealed = MessageContent.objects.values_list("body", flat=True).get(pk=message.id)
    content = contents.Content.load(open_part(key, bytes(sealed), message.id, "content", message.agent_id))
    event_id, now = uuid7(), clock.now()
    kind = EventKind.MESSAGE_QUARANTINED if message.quarantined else EventKind.MESSAGE_RECEIVED
    data = contents.public(contents.facts_of(message), content, with_text=not message.quarantined)
    body = seal_part(key, render(event_id, kind, now, data), message.id, "event", message.agent_id)
    return NewEvent(event_id, kind, message.agent_id, message.id, now, body)
