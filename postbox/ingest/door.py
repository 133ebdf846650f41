"""What every door does with a mail that stands before it, whatever protocol brought it.

Decides which recipients are known and that the mail is stored for each of them. It answers nothing itself: a door
answers its own way, and only after ``receive`` returned.
"""

from __future__ import annotations

from dataclasses import dataclass

from postbox.api.errors import TooLarge
from postbox.identity.recipients import resolve
from postbox.ingest import metrics
from postbox.ingest.limits import MESSAGE_BYTES
from postbox.mail.store import Envelope, Recipient, Stored, accept

# A copy is sealed for each recipient, in one transaction: 500 of a large mail would be gigabytes.
COPIES_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Rejection:
    """A recipient for whom the mail was not stored, and why."""

    rcpt_to: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one mail, recipient by recipient."""

    stored: list[Stored]
    rejected: list[Rejection]


class MailTooLarge(TooLarge):
    code = "mail_too_large"
    message = f"The mail is larger than {MESSAGE_BYTES} octets."
    fix = "Send a smaller mail; put large files where a link can reach them."


def receive(raw: bytes, envelope: Envelope) -> Receipt:
    """Store a mail for its known recipients. Raises MailTooLarge, and OperationalError when it is not durable."""
    if len(raw) > MESSAGE_BYTES:
        raise MailTooLarge()
    reached = resolve(envelope.rcpt_to)
    known = [
        Recipient(rcpt, who.address_id, who.agent_id, who.agent_name)
        for rcpt in envelope.rcpt_to
        if (who := reached.get(rcpt))
    ]
    rejected = [
        Rejection(rcpt, "unknown_recipient", "No agent here has this address.")
        for rcpt in envelope.rcpt_to
        if rcpt not in reached
    ]
    copies = max(1, COPIES_BYTES // max(1, len(raw)))
    rejected += [
        Rejection(who.rcpt_to, "too_many_copies", f"One mail of this size is stored for {copies} recipients at a time.")
        for who in known[copies:]
    ]
    known = known[:copies]
    receipt = Receipt(accept(raw, envelope, known) if known else [], rejected)
    metrics.stored(receipt.stored)
    for item in rejected:
        metrics.REFUSED.inc(item.code)
    return receipt
