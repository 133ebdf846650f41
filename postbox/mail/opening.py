"""The sealed contents of a page of messages, opened by one query for all of them.

Decides how long a content may be to be opened for a page of many, and in which words it says that one cannot be opened.
It never decides who may read, and writes nothing: the audit of a reading is its caller's.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from postbox.identity.keys import warm_data_keys
from postbox.identity.models import AgentKey
from postbox.lib.envelope import MasterKeyMissing, SealBroken
from postbox.mail.content import subject_of
from postbox.mail.keys import open_part, unwrap
from postbox.mail.models import Message

# Fifty of them take 45 ms to read and open (3 ms where they are of usual size); what is longer has its own page.
MOST_OCTETS = 128 * 1024
NOT_EXAMINED = "not examined yet"
TOO_LONG = "too long to show here"
ERASED = "erased"
UNREADABLE = "cannot be opened"

_SEALED = """
SELECT c.message_id, k.wrapped, CASE WHEN octet_length(c.body) <= %s THEN c.body END
FROM message_contents c LEFT JOIN message_keys k ON k.message_id = c.message_id
WHERE c.message_id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """What ``Content.dump`` gave; empty where ``problem`` says why it cannot be shown."""

    plaintext: bytes = b""
    problem: str = ""


def opened(messages: Sequence[Message]) -> dict[uuid.UUID, Opened]:
    """The content of each message. One query, and one more where this process lacks an agent's key."""
    if not messages:
        return {}
    warm_data_keys(message.agent_id for message in messages)
    with connection.cursor() as cursor:
        cursor.execute(_SEALED, [MOST_OCTETS, [message.id for message in messages]])
        sealed = {row[0]: (row[1], row[2]) for row in cursor.fetchall()}
    return {message.id: _open(message, sealed) for message in messages}


def subjects(messages: Sequence[Message]) -> dict[uuid.UUID, str | None]:
    """The subject of each message; None where it cannot be shown."""
    return {
        message_id: None if found.problem else subject_of(found.plaintext)
        for message_id, found in opened(messages).items()
    }


def _open(message: Message, sealed: dict[uuid.UUID, tuple[bytes | None, bytes | None]]) -> Opened:
    if message.id not in sealed:
        return Opened(problem=NOT_EXAMINED)
    wrapped, body = sealed[message.id]
    if wrapped is None:
        return Opened(problem=ERASED)
    if body is None:
        return Opened(problem=TOO_LONG)
    try:
        key = unwrap(wrapped, message.id, message.agent_id)
        return Opened(open_part(key, body, message.id, "content", message.agent_id))
    except AgentKey.DoesNotExist:
        return Opened(problem=ERASED)
    except (SealBroken, MasterKeyMissing):
        return Opened(problem=UNREADABLE)
