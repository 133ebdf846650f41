"""Reading a stored mail's raw bytes, wherever they lie, and moving the reference when they move."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.db import connection, transaction

from postbox.mail import blobs
from postbox.mail.keys import message_key, open_part
from postbox.mail.models import Message, SpooledMail

_STAMP = """
UPDATE messages m SET body_ref = v.ref FROM unnest(%s::uuid[], %s::text[]) AS v (id, ref) WHERE m.id = v.id
"""
_UNSPOOL = "DELETE FROM mail_spool WHERE message_id = ANY(%s)"


def raw_of(message_id: uuid.UUID, agent_id: uuid.UUID) -> bytes:
    """The raw mail. Raises KeyErased, SealBroken, or FileNotFoundError when neither spool nor bucket has it."""
    key = message_key(message_id, agent_id)
    sealed = SpooledMail.objects.filter(pk=message_id).values_list("body", flat=True).first()
    if sealed is None:
        sealed = blobs.read(Message.objects.values_list("body_ref", flat=True).get(pk=message_id))
    return open_part(key, sealed, message_id, "raw", agent_id)


def stamp_body_ref(message_id: uuid.UUID, body_ref: str) -> None:
    """Say that the bucket has the mail, and let its spool row go, in one transaction."""
    stamp_body_refs({message_id: body_ref})


def stamp_body_refs(refs: Mapping[uuid.UUID, str]) -> None:
    """The same for many mails at once, in two statements. Call it once the bucket's copies are durable."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_STAMP, [list(refs), list(refs.values())])
        cursor.execute(_UNSPOOL, [list(refs)])
