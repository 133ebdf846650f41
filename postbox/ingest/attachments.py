"""One attachment of an agent's own mail, opened: its name from the sealed content, its octets from the raw mail.

Decides which attachments an agent may have: those of mail that ``/list`` shows it, its own sent mail's too, and of
quarantined mail only when that is asked for. It never stores what it decoded and never says that another agent's
attachment exists.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import BinaryField, OuterRef, QuerySet, Subquery

from postbox.api.errors import ApiError, KeysUnavailable, NotFound, Unavailable
from postbox.identity.models import AgentKey
from postbox.ingest.limits import LimitCode, LimitExceeded
from postbox.ingest.mime import Unparsable, attachment_bytes
from postbox.lib.envelope import MasterKeyMissing, SealBroken
from postbox.mail import blobs
from postbox.mail.content import Content
from postbox.mail.keys import open_part, unwrap
from postbox.mail.listing import ERASED
from postbox.mail.models import OUTBOUND_STATES, Attachment, Message, MessageKey, Status
from postbox.screening.policy import policies_of
from postbox.screening.steps import dlp

log = logging.getLogger(__name__)


class Erased(ApiError):
    status = 410
    code = "erased"
    message = ERASED
    fix = "Do not ask for it again."


class Unreadable(ApiError):
    status = 410
    code = "unreadable"
    message = "This attachment cannot be opened: what is stored does not fit its key or its message."
    fix = "Do not ask for it again; tell the operator its id."


class Withheld(ApiError):
    status = 403
    code = "withheld"
    message = "This attachment holds numbers or keys that its address's policy keeps from the agent."
    fix = "Ask the owner for what you need of it."


class StorageUnavailable(Unavailable):
    message = "The store of raw mail does not answer."
    fix = "Send the same request again in a few minutes."
    retry_after = 60


@dataclass(frozen=True, slots=True)
class Opened:
    """An attachment: ``name`` is display text, ``content_type`` what its sender called it."""

    name: str
    content_type: str
    octets: bytes


def open_attachment(agent_id: uuid.UUID, attachment_id: uuid.UUID, *, quarantined: bool = False) -> Opened:
    """The agent's attachment. Two queries, and one more for the agent's data key where this process does not hold it.

    Raises NotFound, Erased, Unreadable, Withheld, StorageUnavailable, KeysUnavailable.
    """
    row = _own(agent_id, quarantined).filter(pk=attachment_id).first()
    if row is None:
        raise NotFound("There is no such attachment.", fix="Take ids from `attachments` of the messages in /list.")
    key = _key(row)
    try:
        name = _name(row, key)
        raw = open_part(key, _sealed(row.message), row.message_id, "raw", agent_id)
        part, octets = attachment_bytes(raw, row.position)
    except LimitExceeded as error:
        if error.code == LimitCode.DEADLINE:
            raise Unavailable("This took too long to decode.") from error
        raise _unreadable(row, error) from error
    except (SealBroken, Unparsable, IndexError, ObjectDoesNotExist, ValueError) as error:
        raise _unreadable(row, error) from error
    _check_not_withheld(row.message.address_id, octets)
    return Opened(name or part.name, row.content_type, octets)


def _check_not_withheld(address_id: uuid.UUID | None, octets: bytes) -> None:
    """By the policy as it is now, which may be stricter than it was when the mail came."""
    checks = policies_of([address_id])[address_id].checks
    if dlp.withholds(checks, octets):
        raise Withheld()


def _own(agent_id: uuid.UUID, quarantined: bool) -> QuerySet[Attachment]:
    """With everything that opening takes in one statement, so that a mail that moves to the bucket is seen whole."""
    seen = (Status.PROCESSED, Status.QUARANTINED) if quarantined else (Status.PROCESSED,)
    key = MessageKey.objects.filter(message_id=OuterRef("message_id")).values("wrapped")
    rows = Attachment.objects.filter(message__agent_id=agent_id, message__status__in=(*seen, *OUTBOUND_STATES))
    rows = rows.select_related("message__content", "message__spooled")
    return rows.annotate(wrapped=Subquery(key, output_field=BinaryField(null=True)))


def _key(row: Attachment) -> bytes:
    wrapped: Any = getattr(row, "wrapped", None)
    if wrapped is None:
        raise Erased()
    try:
        return unwrap(wrapped, row.message_id, row.message.agent_id)
    except AgentKey.DoesNotExist as error:
        raise Erased() from error
    except MasterKeyMissing as error:
        raise KeysUnavailable() from error
    except SealBroken as error:
        raise _unreadable(row, error) from error


def _name(row: Attachment, key: bytes) -> str:
    sealed = bytes(row.message.content.body)
    content = Content.load(open_part(key, sealed, row.message_id, "content", row.message.agent_id))
    return next((str(item.get("name", "")) for item in content.attachments if item.get("id") == str(row.pk)), "")


def _sealed(message: Message) -> bytes:
    try:
        return bytes(message.spooled.body)
    except ObjectDoesNotExist:
        pass
    try:
        return blobs.read(message.body_ref)
    except Exception as error:  # any storage, any failure: each has errors of its own
        log.error("bucket_unreadable", extra={"message_id": str(message.id)}, exc_info=error)
        raise StorageUnavailable() from error


def _unreadable(row: Attachment, error: Exception) -> Unreadable:
    extra = {"message_id": str(row.message_id), "attachment": str(row.pk), "error": type(error).__name__}
    log.error("attachment_unreadable", extra=extra)
    return Unreadable()
