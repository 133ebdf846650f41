"""Accepting a mail: the raw bytes sealed into the spool, its key and its row, in one statement.

Decides that a mail is stored or was stored before. It never parses and never answers the sender; whoever calls it
answers only after it returned, which is after COMMIT.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import OperationalError, connection, transaction
from psycopg.types.numeric import Int4

from postbox.events.wakeups import wake
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.lib.together import NotTogether, Together
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


_COLUMNS = (
    "id::uuid",
    "agent_id::uuid",
    "address_id::uuid",
    "mail_from::text",
    "rcpt_to::text",
    "client_ip::inet",
    "helo::text",
    "tls::text",
    "size::int",
    "digest::bytea",
    "now::timestamptz",
    "wrapped::bytea",
    "body::bytea",
)
_NAMES = ", ".join(column.partition("::")[0] for column in _COLUMNS)
_ROW = ", ".join(["%s"] * len(_COLUMNS))
# Of the first row alone: the others of a list of values follow it.
_TYPED_ROW = ", ".join("%s::" + column.partition("::")[2] for column in _COLUMNS)
_ACCEPT = f"""
WITH given ({_NAMES}) AS (VALUES {{rows}}
), message AS (
    INSERT INTO messages (id, direction, status, agent_id, address_id, mail_from, rcpt_to, header_from, client_ip, helo,
                          tls, size, digest, received_at, not_before, attempts, quarantined, spf, dkim, dmarc, body_ref)
    SELECT id, '{Direction.INBOUND}', '{Status.RECEIVED}', agent_id, address_id, mail_from, rcpt_to, '', client_ip,
           helo, tls, size, digest, now, now, 0, false, 'none', 'none', 'none', ''
    FROM given
    ON CONFLICT (rcpt_to, digest) DO NOTHING
    RETURNING id
), key AS (
    INSERT INTO message_keys (message_id, wrapped) SELECT id, wrapped FROM given JOIN message USING (id)
), spooled AS (
    INSERT INTO mail_spool (message_id, body, not_before) SELECT id, body, now FROM given JOIN message USING (id)
)
SELECT id FROM message
"""  # noqa: S608
# One statement a number of rows: each is prepared by itself.
_TOGETHER = 4
_STATEMENTS = [_ACCEPT.format(rows=", ".join([f"({_TYPED_ROW})", *[f"({_ROW})"] * more])) for more in range(_TOGETHER)]
# A mail that is larger is stored by itself, so that small ones do not wait for it.
_SMALL_BYTES = 256 * 1024
_BEFORE = "SELECT id, status FROM messages WHERE rcpt_to = %s AND digest = %s"


def content_digest(raw: bytes) -> bytes:
    """The keyed hash of a raw mail: finds a retry, and tells nobody without the key what the mail says."""
    return hmac.digest(settings.POSTBOX_MASTER_KEYS.derive("mail-digest"), raw, "sha256")


def accept(raw: bytes, envelope: Envelope, recipients: Sequence[Recipient]) -> list[Stored]:
    """Store ``raw`` for each recipient, durably, and wake the pipeline. Raises OperationalError when it cannot.

    Safe to call again with the same mail, and does so itself once when the connection turns out to be dead. Mails that
    several threads store at the same time become durable together: a COMMIT costs as much as all else of it.
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
        insert = _insert_alone if connection.in_atomic_block or len(raw) > _SMALL_BYTES else _insert_with_others
        return [_accept_one(raw, digest, envelope, recipients[0], insert)]
    with transaction.atomic():
        return [_accept_one(raw, digest, envelope, recipient, _insert_alone) for recipient in recipients]


def _accept_one(
    raw: bytes, digest: bytes, envelope: Envelope, recipient: Recipient, insert: Callable[[_Row], bool]
) -> Stored:
    row = _row(raw, digest, envelope, recipient)
    if insert(row):
        return Stored(row.id, recipient, Status.RECEIVED)
    with connection.cursor() as cursor:
        cursor.execute(_BEFORE, [recipient.rcpt_to, digest])
        before = cursor.fetchone()
    if before is None:  # the first copy expired between the two statements: store this one
        return _accept_one(raw, digest, envelope, recipient, insert)
    return Stored(before[0], recipient, before[1], duplicate=True)


class _Row(NamedTuple):
    """One recipient's mail as it is written; the order is that of ``_COLUMNS``."""

    id: uuid.UUID
    agent_id: uuid.UUID
    address_id: uuid.UUID
    mail_from: str
    rcpt_to: str
    client_ip: str | None
    helo: str
    tls: str
    size: Int4
    digest: bytes
    now: datetime
    wrapped: bytes
    body: bytes


def _row(raw: bytes, digest: bytes, envelope: Envelope, recipient: Recipient) -> _Row:
    message_id = uuid7()
    key, wrapped = new_message_key(message_id, recipient.agent_id)
    return _Row(
        message_id,
        recipient.agent_id,
        recipient.address_id,
        envelope.mail_from,
        recipient.rcpt_to,
        envelope.client_ip,
        envelope.helo,
        envelope.tls,
        Int4(len(raw)),  # as itself a small one would be of another type, and its statement prepared apart
        digest,
        clock.now(),
        wrapped,
        seal_part(key, raw, message_id, "raw", recipient.agent_id),
    )


def _insert(rows: Sequence[_Row]) -> list[bool]:
    """Write rows, at most _TOGETHER; for each whether it is new.

    In one order, so that two who are sent the same mails at the same time do not wait for each other in a circle.
    """
    ordered = sorted(rows, key=lambda row: (row.rcpt_to, row.digest))
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENTS[len(rows) - 1], [value for row in ordered for value in row])
        new = {id_ for (id_,) in cursor.fetchall()}
    return [row.id in new for row in rows]


_together = Together(_insert, _TOGETHER)


def _insert_alone(row: _Row) -> bool:
    return _insert([row])[0]


def _insert_with_others(row: _Row) -> bool:
    try:
        return _together.do(row)
    except NotTogether:  # one of them holds what a column cannot, or the connection died
        return _insert_alone(row)
