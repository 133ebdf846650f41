"""Writing events: a row, and a copy for each consumer, in the caller's transaction.

Decides who gets a copy (settings.POSTBOX_EVENT_CONSUMERS); never what is done with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

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


def emit(events: Sequence[NewEvent]) -> None:
    """Write events and their copies in two statements, and wake their consumers after commit."""
    if not events:
        return
    copies = [(name, event.id) for event in events for name in consumers_of(event.kind)]
    with connection.cursor() as cursor:
        with cursor.copy(
            "COPY events (id, kind, agent_id, message_id, created_at, body) FROM STDIN (FORMAT BINARY)"
        ) as copy:
            copy.set_types(["uuid", "varchar", "uuid", "uuid", "timestamptz", "bytea"])
            for event in events:
                copy.write_row((event.id, event.kind, event.agent_id, event.message_id, event.created_at, event.body))
        _copy_rows(cursor, copies)
    for name in {name for name, _ in copies}:
        if name in settings.POSTBOX_WORK:
            wake(name)


def _copy_rows(cursor: object, copies: Iterable[tuple[str, uuid.UUID]]) -> None:
    with cursor.copy("COPY event_copies (consumer, event_id) FROM STDIN (FORMAT BINARY)") as copy:  # type: ignore[attr-defined]
        copy.set_types(["varchar", "uuid"])
        for row in copies:
            copy.write_row(row)
