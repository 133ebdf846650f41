"""Reading a stored mail's raw bytes, wherever they lie, and moving the reference when they move."""

from __future__ import annotations

import uuid

from django.db import transaction

from postbox.mail import blobs
from postbox.mail.keys import message_key, open_part
from postbox.mail.models import Message, SpooledMail


def raw_of(message_id: uuid.UUID, agent_id: uuid.UUID) -> bytes:
    """The raw mail. Raises KeyErased, SealBroken, or FileNotFoundError when neither spool nor bucket has it."""
    key = message_key(message_id, agent_id)
    sealed = SpooledMail.objects.filter(pk=message_id).values_list("body", flat=True).first()
    if sealed is None:
        sealed = blobs.read(Message.objects.values_list("body_ref", flat=True).get(pk=message_id))
    return open_part(key, sealed, message_id, "raw", agent_id)


def stamp_body_ref(message_id: uuid.UUID, body_ref: str) -> None:
    """Say that the bucket has the mail, and let its spool row go, in one transaction."""
    with transaction.atomic():
        Message.objects.filter(pk=message_id).update(body_ref=body_ref)
        SpooledMail.objects.filter(pk=message_id).delete()
