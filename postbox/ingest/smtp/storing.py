"""What the SMTP door asks of the database, in the threads of its pool.

Decides the one reply to a mail: it is stored for all of the recipients that were taken at RCPT, or for none. So
whatever can be known of a recipient is said at RCPT; what changed since then has the client come again, and be told
then. It never raises.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.conf import settings
from django.db import close_old_connections

from postbox.ingest import envelope, metrics
from postbox.ingest.door import TOO_MANY_COPIES, UNKNOWN, Partial, Receipt, receive, refused
from postbox.ingest.limiting.admit import CODE
from postbox.ingest.lmtp.commands import Client
from postbox.ingest.lmtp.replies import Reply
from postbox.ingest.lmtp.storing import answered, trouble
from postbox.ingest.smtp.claims import without_claims

_REFUSED = {"": Reply.RECIPIENT_OK, CODE: Reply.RATE_LIMITED}


def would_take(address: str, mail_from: str, client: Client, counted: Counter[bytes]) -> Reply:
    """RECIPIENT_OK where a mail to this address would be stored now, beside copies that are ``counted`` already."""
    said = envelope.read(mail_from, [address], client.address or "", client.helo)
    return answered(lambda: _REFUSED.get(refused(said, counted), Reply.UNKNOWN))


def store(raw: bytes, mail_from: str, recipients: Sequence[str], client: Client, tls: str) -> str:
    """Store the mail for all of its recipients; gives the reply, with the id of the first that was stored."""
    close_old_connections()
    if settings.POSTBOX_TRUSTED_AUTHSERV_ID:
        raw = without_claims(raw)
    try:
        said = envelope.read(mail_from, recipients, client.address or "", client.helo, tls)
        return _stored(receive(raw, said, none_if={UNKNOWN, TOO_MANY_COPIES, CODE}))
    except Partial as partial:
        reply = Reply.TOO_LARGE_FOR_ALL if _too_many(partial) else Reply.CHANGED
    except Exception as error:
        reply = trouble(error)
    metrics.REFUSED.inc(reply.code)
    return reply


def _too_many(partial: Partial) -> bool:
    return all(one.code == TOO_MANY_COPIES for one in partial.rejected)


def _stored(receipt: Receipt) -> str:
    ids = [str(row.id) for row in receipt.stored]
    if not ids:
        return Reply.STORED
    return f"{Reply.STORED} as {ids[0]}" + (f" and {len(ids) - 1} more" if ids[1:] else "")
