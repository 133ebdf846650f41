"""What the LMTP door asks of the database, in the threads of its pool.

Decides the reply for each recipient once ``receive`` has returned, which is after COMMIT. It never raises: what breaks
here is the mail server's to try again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from django.db import InterfaceError, InternalError, OperationalError, close_old_connections, connection

from postbox.identity.return_paths import Purpose
from postbox.ingest import envelope, metrics
from postbox.ingest.door import is_known, receive
from postbox.ingest.limiting.admit import CODE, RateLimited
from postbox.ingest.lmtp.commands import Client
from postbox.ingest.lmtp.replies import Reply
from postbox.ingest.transport import received_by

log = logging.getLogger(__name__)
# As /ingest has it: a server that answers and takes no writes is away too.
_AWAY = (OperationalError, InterfaceError, InternalError)
_TAKEN = {Purpose.BOUNCE: Reply.BOUNCE_TAKEN, Purpose.UNSUBSCRIBE: Reply.UNSUBSCRIBED}
# The mail server sends the rest in another transaction, or later.
_REJECTED = {"too_many_copies": Reply.TOO_MANY_RECIPIENTS, CODE: Reply.RATE_LIMITED}


def knows(address: str) -> Reply:
    """RECIPIENT_OK where an agent has this address or it is one of a sent mail's own, else why not."""
    return answered(lambda: Reply.RECIPIENT_OK if is_known(address.lower()) else Reply.UNKNOWN)


def answered(ask: Callable[[], Reply]) -> Reply:
    """What the database says, or that it says nothing."""
    close_old_connections()
    try:
        try:
            return ask()
        except _AWAY:  # the connection may have died while it was idle
            connection.close()
            return ask()
    except Exception as error:
        return trouble(error)


def store(raw: bytes, mail_from: str, recipients: Sequence[str], client: Client) -> list[str]:
    """Store the mail for all of its recipients and give a reply for each, in their order."""
    close_old_connections()
    try:
        receipt = receive(
            raw, envelope.read(mail_from, recipients, client.address or "", client.helo, received_by(raw))
        )
    except Exception as error:
        reply = trouble(error)
        metrics.REFUSED.inc(reply.code)
        return [reply] * len(recipients)
    replies: dict[str, str] = {row.recipient.rcpt_to: f"250 2.1.5 Stored as {row.id}" for row in receipt.stored}
    replies |= {answer.rcpt_to: _TAKEN[answer.purpose] for answer in receipt.answers}
    for item in receipt.rejected:
        replies[item.rcpt_to] = _REJECTED.get(item.code, Reply.UNKNOWN)
    return [replies.get(recipient.lower(), Reply.UNKNOWN) for recipient in recipients]


def trouble(error: Exception) -> Reply:
    """The reply to an error, which is logged where it is one of ours."""
    if isinstance(error, RateLimited):
        return Reply.RATE_LIMITED
    if isinstance(error, _AWAY):
        log.error("database_unavailable", exc_info=error)
        return Reply.NO_DATABASE
    log.error("unhandled", exc_info=error)
    return Reply.BROKEN
