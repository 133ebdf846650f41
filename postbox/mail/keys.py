"""A key for each message, wrapped by its agent's data key.

Decides how a message's key is made and found. Without the row in postbox_keys the message cannot be read again:
that is what erasure relies on.
"""

from __future__ import annotations

import uuid

from postbox.identity.keys import data_key
from postbox.lib import envelope
from postbox.mail.models import MessageKey


class KeyErased(Exception):
    """The message's key is gone: its content was erased and cannot be read."""


def new_message_key(message_id: uuid.UUID, agent_id: uuid.UUID) -> tuple[bytes, bytes]:
    """A new key for a message, and the same wrapped for storage."""
    key = envelope.new_key()
    return key, envelope.seal(data_key(agent_id), key, envelope.part_context(message_id, "key", agent_id))


def unwrap(wrapped: envelope.Sealed, message_id: uuid.UUID, agent_id: uuid.UUID) -> bytes:
    """The message's key. Raises SealBroken when the wrapped key belongs to another message."""
    return envelope.open_sealed(data_key(agent_id), wrapped, envelope.part_context(message_id, "key", agent_id))


def message_key(message_id: uuid.UUID, agent_id: uuid.UUID) -> bytes:
    """The message's key, by one query. Raises KeyErased when there is none."""
    wrapped = MessageKey.objects.filter(pk=message_id).values_list("wrapped", flat=True).first()
    if wrapped is None:
        raise KeyErased(f"the key of message {message_id} was erased")
    return unwrap(wrapped, message_id, agent_id)


def seal_part(key: bytes, plaintext: bytes, message_id: uuid.UUID, part: str, agent_id: uuid.UUID) -> bytes:
    """One part of a message under its key. Parts: ``raw``, ``content``, ``event``, ``trace``."""
    return envelope.seal(key, plaintext, envelope.part_context(message_id, part, agent_id))


def open_part(key: bytes, sealed: envelope.Sealed, message_id: uuid.UUID, part: str, agent_id: uuid.UUID) -> bytes:
    """The plaintext of a part. Raises SealBroken when it is another part's or another message's."""
    return envelope.open_sealed(key, sealed, envelope.part_context(message_id, part, agent_id))
