"""What the tests of webhooks do over and over: an endpoint, an event, a round of work."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction

from postbox.events.body import render
from postbox.events.emit import NewEvent, emit
from postbox.identity.keys import data_key
from postbox.lib import clock, envelope
from postbox.lib.ids import uuid7
from tests.people import Known
from webhooks import endpoint_secrets, work
from webhooks.engine import Engine
from webhooks.models import Endpoint


class Post:
    """A process that delivers."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def work(self, seconds: float = 30.0) -> None:
        """Fan out and deliver what is due, and wait until it is settled."""
        work.run(self.engine)
        assert self.engine.wait_until_quiet(seconds), "not settled in time"


def endpoint_of(known: Known, url: str, *kinds: str) -> tuple[Endpoint, str]:
    """An endpoint of the agent and its secret."""
    endpoint = Endpoint.objects.create(agent=known.agent, url=url, kinds=list(kinds))
    return endpoint, endpoint_secrets.make(endpoint)


def happen(known: Known, count: int = 1, kind: str = "message.received", **data: Any) -> list[uuid.UUID]:
    """Events of the agent, written as everything in the system writes them. Their ids."""
    events = [_event(known, kind, {"number": number, **data}) for number in range(count)]
    with transaction.atomic():
        emit(events)
    return [event.id for event in events]


def _event(known: Known, kind: str, data: dict[str, Any]) -> NewEvent:
    event_id, agent_id, now = uuid7(), known.agent.id, clock.now()
    context = envelope.part_context(event_id, "event", agent_id)
    body = envelope.seal(data_key(agent_id), render(event_id, kind, now, data), context)
    return NewEvent(event_id, kind, agent_id, None, now, body)
