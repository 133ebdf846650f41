"""What every door does with a mail that stands before it, whatever protocol brought it.

Decides which recipients are known and that the mail is stored for each of them; one that is the return path of a sent
mail takes it as a bounce. It answers nothing itself: a door answers its own way, and only after ``receive`` returned.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from postbox.api.errors import TooLarge
from postbox.identity import return_paths
from postbox.identity.recipients import resolve
from postbox.ingest import metrics, returned
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
class Bounce:
    """A recipient that was the return path of a message, whether that is still there or expired."""

    rcpt_to: str
    message_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one mail, recipient by recipient."""

    stored: list[Stored]
    rejected: list[Rejection]
    bounces: list[Bounce] = field(default_factory=list)


class MailTooLarge(TooLarge):
    code = "mail_too_large"
    message = f"The mail is larger than {MESSAGE_BYTES} octets."
    fix = "Send a smaller mail; put large files where a link can reach them."


def receive(raw: bytes, envelope: Envelope) -> Receipt:
    """Store a mail for its known recipients. Raises MailTooLarge, and OperationalError when it is not durable."""
    if len(raw) > MESSAGE_BYTES:
        raise MailTooLarge()
    bounces = _bounces(envelope.rcpt_to)
    paths = {bounce.rcpt_to for bounce in bounces}
    reached = resolve(rcpt for rcpt in envelope.rcpt_to if rcpt not in paths)
    known = [
        Recipient(rcpt, who.address_id, who.agent_id, who.agent_name)
        for rcpt in envelope.rcpt_to
        if (who := reached.get(rcpt))
    ]
    rejected = [
        Rejection(rcpt, "unknown_recipient", "No agent here has this address.")
        for rcpt in envelope.rcpt_to
        if rcpt not in reached and rcpt not in paths
    ]
    copies = max(1, COPIES_BYTES // max(1, len(raw)))
    rejected += [
        Rejection(who.rcpt_to, "too_many_copies", f"One mail of this size is stored for {copies} recipients at a time.")
        for who in known[copies:]
    ]
    known = known[:copies]
    for bounce in bounces:
        returned.take(raw, bounce.message_id)
    receipt = Receipt(accept(raw, envelope, known) if known else [], rejected, bounces)
    metrics.stored(receipt.stored)
    for item in rejected:
        metrics.REFUSED.inc(item.code)
    return receipt


def is_known(address: str) -> bool:
    """Whether mail to this address (lower case) would be taken."""
    return return_paths.message_of(address) is not None or bool(resolve([address]))


def _bounces(rcpt_to: Iterable[str]) -> list[Bounce]:
    return [Bounce(rcpt, message_id) for rcpt in rcpt_to if (message_id := return_paths.message_of(rcpt))]
