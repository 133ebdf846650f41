"""Writing events: a row, and a copy for each consumer, in the caller's transaction.

Decides who gets a copy (settings.POSTBOX_EVENT_CONSUMERS); never what is done with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from postbox.events.wakeups import wake


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be written; ``body`` is sealed already (part ``event``), by the message's or the agent's key."""

    id: uuid.UUID
    kind: str
    agent_id: uuid.UUID
    message_id: uuid.UUID | None
    created_at: datetime
    body: bytes


def consumers_of(kind: str) -> list[str]:
    """The names of those who take a copy of events of this kind."""
    return [name for name, prefixes in settings.POSTBOX_EVENT_CONSUMERS.items() if kind.startswith(tuple(prefixes))]


# An event and its copies as parts of a WITH, for ``values_of``: a statement that writes what happened writes it too.
WITH_EVENT = """
event AS (
    INSERT INTO events (id, kind, agent_id, message_id, created_at, body)
    VALUES (%(event_id)s, %(event_kind)s, %(event_agent)s, %(event_message)s, %(event_at)s, %(event_body)s)
), copies AS (
    INSERT INTO event_copies (consumer, event_id)
    SELECT v.name, %(event_id)s FROM unnest(%(event_consumers)s::text[]) AS v (name)
)
"""


def values_of(event: NewEvent) -> dict[str, Any]:
    """The values of ``WITH_EVENT``; whoever uses it calls ``wake_consumers`` too."""
    return {
        "event_id": event.id,
        "event_kind": event.kind,
        "event_agent": event.agent_id,
        "event_message": event.message_id,
        "event_at": event.created_at,
        "event_body": event.body,
        "event_consumers": consumers_of(event.kind),
    }


def wake_consumers(kinds: Iterable[str]) -> None:
    """Wake those who take events of these kinds, after commit."""
    for name in {name for kind in kinds for name in consumers_of(kind)}:
        if name in settings.POSTBOX_WORK:
            wake(name)


def emit(events: Sequence[NewEvent]) -> None:
    """Write events and their copies, and wake their consumers after commit: one statement for one, two for many."""
    if not events:
        return
    with connection.cursor() as cursor:
        if len(events) == 1:
            cursor.execute(f"WITH {WITH_EVENT} SELECT 1", values_of(events[0]))
        else:
            _copy(cursor, events)
    wake_consumers({event.kind for event in events})


def _copy(cursor: Any, events: Sequence[NewEvent]) -> None:
    copies = [(name, event.id) for event in events for name in consumers_of(event.kind)]
    with cursor.copy(
        "COPY events (id, kind, agent_id, message_id, created_at, body) FROM STDIN (FORMAT BINARY)"
    ) as copy:
        copy.set_types(["uuid", "varchar", "uuid", "uuid", "timestamptz", "bytea"])
        for event in events:
            copy.write_row((event.id, event.kind, event.agent_id, event.message_id, event.created_at, event.body))
    with cursor.copy("COPY event_copies (consumer, event_id) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["varchar", "uuid"])
        for row in copies:
            copy.write_row(row)
