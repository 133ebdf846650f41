"""What a rule asks of outbound, as events: a mail to be forwarded, an automatic answer.

Decides only their shape. They name the message and carry no more of it than an answer needs; outbound applies its
limits, and lets go what comes to it too late.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from postbox.events.body import render
from postbox.events.emit import NewEvent
from postbox.events.models import EventKind
from postbox.identity.hops import HEADER, hops_of
from postbox.lib.ids import uuid7
from postbox.mail.content import Content
from postbox.mail.keys import seal_part
from postbox.screening.case import Case, Forward, Reply


def asked_by_rules(case: Case, key: bytes, content: Content, now: datetime) -> list[NewEvent]:
    """The events of a mail that its agent got; ``data`` always has ``message_id``, ``rule_id``, ``rule`` and ``to``."""
    effects = case.effects
    events = [_event(case, key, EventKind.RULE_FORWARD, _base(case, item), now) for item in effects.forwards]
    if effects.reply:
        data = _base(case, effects.reply) | {
            "subject": effects.reply.subject or f"Re: {content.subject}",
            "text": effects.reply.text,
            "in_reply_to": content.message_id,
            "from": case.rcpt_to,
        }
        events.append(_event(case, key, EventKind.RULE_AUTO_REPLY, data, now))
    return events


def _base(case: Case, asked: Forward | Reply) -> dict[str, Any]:
    hops = hops_of(case.parsed.by_name.get(HEADER.lower(), ()) if case.parsed else ())
    data = {"message_id": str(case.id), "rule_id": str(asked.rule_id), "rule": asked.rule, "to": asked.to}
    return data | ({"hops": hops} if hops else {})


def _event(case: Case, key: bytes, kind: EventKind, data: dict[str, Any], now: datetime) -> NewEvent:
    event_id = uuid7()
    body = seal_part(key, render(event_id, kind, now, data), case.id, "event", case.agent_id)
    return NewEvent(event_id, kind, case.agent_id, case.id, now, body)
