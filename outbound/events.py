"""What is told of a sent mail: the message as lists show it, with a state for each recipient.

Decides the shape of ``data`` in ``message.queued``, ``.held``, ``.sent``, ``.delivered``, ``.bounced``,
``.complained`` and ``.failed``; never when one is written.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from postbox.events.body import render
from postbox.events.emit import NewEvent
from postbox.events.models import EventKind
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail.content import Content, Facts, public
from postbox.mail.keys import seal_part


def told(recipients: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """The recipients of an event: ``(address, role, state)`` each."""
    return {"recipients": [{"address": a, "role": role, "state": state} for a, role, state in recipients]}


def of_message(
    kind: EventKind, facts: Facts, content: Content, key: bytes, agent_id: uuid.UUID, more: dict[str, Any]
) -> NewEvent:
    """An event of a message, sealed by the message's key. ``more`` is added to the message's own shape."""
    event_id, now = uuid7(), clock.now()
    body = render(event_id, kind, now, public(facts, content) | more)
    return NewEvent(event_id, kind, agent_id, facts.id, now, seal_part(key, body, facts.id, "event", agent_id))
