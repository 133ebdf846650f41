"""Taking the events that ask outbound for something: a rule's forward or answer, a stopped agent, a
bounce, who wants no more mail.

Decides that each is carried out once: its copy goes in the transaction that stores what it asked for. What a gate
refuses ends there, with an audit record that says why; it is not tried again.
"""

from __future__ import annotations

import json
import logging
import uuid
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction

from outbound import answers, mail_reports, stops, unsubscribing
from outbound.draft import Draft
from outbound.enqueue import enqueue_outbound, pause_where_spent
from outbound.models import Origin
from postbox.api.errors import ApiError
from postbox.audit.record import record
from postbox.events.models import Event, EventCopy, EventKind
from postbox.identity.keys import data_key
from postbox.identity.models import Agent, AgentKey, AgentState
from postbox.identity.return_paths import Purpose
from postbox.lib import about, envelope
from postbox.lib.envelope import SealBroken
from postbox.mail.keys import KeyErased, message_key

log = logging.getLogger(__name__)

PORTION = 50
HOPS = 3  # automatic mails of ours in a row, each for the one before
_NEXT = """
SELECT id FROM event_copies WHERE consumer = 'outbound' AND id > %s ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""


def take() -> int:
    """Carry out what waits, a portion of it. Returns how many events were taken."""
    taken, last = 0, 0
    while taken < PORTION:
        with transaction.atomic():
            copy_id = _next(last)
            if copy_id is None:
                return taken
            last = copy_id
            copy = EventCopy.objects.select_related("event").get(pk=copy_id)
            _carry_out(copy.event)
            copy.delete()
        taken += 1
    return taken


def _next(after: int) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [after])
        row = cursor.fetchone()
    return row[0] if row else None


def _carry_out(event: Event) -> None:
    """In a savepoint, so that what fails leaves nothing but the record of it."""
    with about.message(event.message_id or event.id):
        try:
            with transaction.atomic():
                _HANDLERS[EventKind(event.kind)](event, _data(event))
        except (OperationalError, InterfaceError):
            raise
        except ApiError as error:
            pause_where_spent(event.agent_id, error)
            record(
                "outbound", "outbound.not_sent", event.message_id or event.agent_id, code=error.code, asked=event.kind
            )
        except Exception as error:  # what is wrong with this one stays so: it must not hold up the others
            log.error("event_failed", extra={"kind": event.kind}, exc_info=error)
            _not_sent(event, type(error).__name__)


def _not_sent(event: Event, code: str) -> None:
    record("outbound", "outbound.not_sent", event.message_id or event.agent_id, code=code, asked=event.kind)


def _data(event: Event) -> dict[str, Any]:
    body = bytes(event.body)
    try:
        if event.message_id:
            key, subject = message_key(event.message_id, event.agent_id), event.message_id
        else:
            key, subject = data_key(event.agent_id), event.id
        plaintext = envelope.open_sealed(key, body, envelope.part_context(subject, "event", event.agent_id))
    except (KeyErased, AgentKey.DoesNotExist, SealBroken) as error:
        raise ApiError("The event cannot be opened any more.", code="erased") from error
    data: dict[str, Any] = json.loads(plaintext)["data"]
    return data


def _forward(event: Event, data: dict[str, Any]) -> None:
    draft = Draft(answers.to_one(data["to"]), origin=Origin.FORWARD, is_automatic=True, hops=_hops(data))
    message = answers.stored(event.agent_id, uuid.UUID(data["message_id"]))
    enqueue_outbound(event.agent_id, answers.forwarding(draft, event.agent_id, message))


def _auto_reply(event: Event, data: dict[str, Any]) -> None:
    draft = Draft(
        answers.to_one(data["to"]),
        subject=" ".join(data["subject"].split()),
        text=data["text"],
        origin=Origin.AUTO_REPLY,
        is_automatic=True,
        hops=_hops(data),
    )
    message = answers.stored(event.agent_id, uuid.UUID(data["message_id"]))
    enqueue_outbound(event.agent_id, answers.answering(draft, event.agent_id, message))


def _hops(data: dict[str, Any]) -> int:
    hops: int = data.get("hops", 0)
    if hops >= HOPS:
        raise ApiError(f"{hops} rules of agents here have sent this on already.", code="too_many_hops")
    return hops


def _state(event: Event, data: dict[str, Any]) -> None:
    state = AgentState(data["state"])
    stops.after_change(event.agent_id)
    agent = Agent.objects.select_related("owner").get(pk=event.agent_id)
    if draft := stops.notice(agent, state, data["reason"]):
        enqueue_outbound(event.agent_id, draft)


def _answered(event: Event, data: dict[str, Any]) -> None:
    message_id = uuid.UUID(data["message_id"])
    if data.get("purpose") == Purpose.UNSUBSCRIBE:
        unsubscribing.by_mail(message_id, data["raw"])
    else:
        mail_reports.take(event.agent_id, message_id, data.get("raw"))


_HANDLERS = {
    EventKind.RULE_FORWARD: _forward,
    EventKind.RULE_AUTO_REPLY: _auto_reply,
    EventKind.AGENT_PAUSED: _state,
    EventKind.AGENT_KILLED: _state,
    EventKind.AGENT_RESUMED: _state,
    EventKind.BOUNCE_RECEIVED: _answered,
}
