"""Accepting a mail: the raw bytes sealed into the spool, its key and its row, in one statement.

Decides that a mail is stored or was stored before. It never parses and never answers the sender; whoever calls it
answers only after it returned, which is after COMMIT.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction

from postbox.events.wakeups import wake
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail.keys import new_message_key, seal_part
from postbox.mail.models import Direction, Status


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the MTA said (RFC 5321): ``mail_from`` is empty for the null return path.

    ``tls``: the version and cipher of the connection that brought it, empty where nobody said.
    """

    mail_from: str
    rcpt_to: tuple[str, ...]
    client_ip: str | None = None
    helo: str = ""
    tls: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient that is known here: as addressed (with its plus tag), and whom it reaches."""

    rcpt_to: str
    address_id: uuid.UUID
    agent_id: uuid.UUID
    agent_name: str


@dataclass(frozen=True, slots=True)
class Stored:
    """One recipient's row. ``duplicate``: these very bytes had been stored for this recipient before."""

    id: uuid.UUID
    recipient: Recipient
    status: str
    duplicate: bool = False


_ACCEPT = f"""
WITH message AS (
    INSERT INTO messages (id, direction, status, agent_id, address_id, mail_from, rcpt_to, header_from, client_ip, helo,
                          tls, size, digest, received_at, not_before, attempts, quarantined, spf, dkim, dmarc, body_ref)
    VALUES (%(id)s, '{Direction.INBOUND}', '{Status.RECEIVED}', %(agent)s, %(address)s, %(mail_from)s, %(rcpt_to)s, '',
            %(client_ip)s, %(helo)s, %(tls)s, %(size)s, %(digest)s, %(now)s, %(now)s, 0, false, 'none', 'none', 'none',
            '')
    ON CONFLICT (rcpt_to, digest) DO NOTHING
    RETURNING id
), key AS (
    INSERT INTO message_keys (message_id, wrapped) SELECT id, %(wrapped)s FROM message
), spooled AS (
    INSERT INTO mail_spool (message_id, body, not_before) SELECT id, %(body)s, %(now)s FROM message
)
SELECT id FROM message
"""  # noqa: S608
_BEFORE = "SELECT id, status FROM messages WHERE rcpt_to = %s AND digest = %s"


def content_digest(raw: bytes) -> bytes:
    """The keyed hash of a raw mail: finds a retry, and tells nobody without the key what the mail says."""
    return hmac.digest(settings.POSTBOX_MASTER_KEYS.derive("mail-digest"), raw, "sha256")


def accept(raw: bytes, envelope: Envelope, recipients: Sequence[Recipient]) -> list[Stored]:
    """Store ``raw`` for each recipient, durably, and wake the pipeline. Raises OperationalError when it cannot.

    Safe to call again with the same mail, and does so itself once when the connection turns out to be dead.
    """
    digest = content_digest(raw)
    try:
        stored = _accept_all(raw, digest, envelope, recipients)
    except OperationalError:
        if connection.in_atomic_block:
            raise
        connection.close()
        stored = _accept_all(raw, digest, envelope, recipients)
    if any(not row.duplicate for row in stored):
        wake("ingest")
    return stored


def _accept_all(raw: bytes, digest: bytes, envelope: Envelope, recipients: Sequence[Recipient]) -> list[Stored]:
    if len(recipients) == 1:  # one statement is a transaction already
        return [_accept_one(raw, digest, envelope, recipients[0])]
    with transaction.atomic():
        return [_accept_one(raw, digest, envelope, recipient) for recipient in recipients]


def _accept_one(raw: bytes, digest: bytes, envelope: Envelope, recipient: Recipient) -> Stored:
    message_id = uuid7()
    key, wrapped = new_message_key(message_id, recipient.agent_id)
    values: dict[str, Any] = {
        "id": message_id,
        "agent": recipient.agent_id,
        "address": recipient.address_id,
        "mail_from": envelope.mail_from,
        "rcpt_to": recipient.rcpt_to,
        "client_ip": envelope.client_ip,
        "helo": envelope.helo,
        "tls": envelope.tls,
        "size": len(raw),
        "digest": digest,
        "now": clock.now(),
        "wrapped": wrapped,
        "body": seal_part(key, raw, message_id, "raw", recipient.agent_id),
    }
    with connection.cursor() as cursor:
        cursor.execute(_ACCEPT, values)
        if cursor.fetchone():
            return Stored(message_id, recipient, Status.RECEIVED)
        cursor.execute(_BEFORE, [recipient.rcpt_to, digest])
        row = cursor.fetchone()
    if row is None:  # the first copy expired between the two statements: store this one
        return _accept_one(raw, digest, envelope, recipient)
    return Stored(row[0], recipient, row[1], duplicate=True)
