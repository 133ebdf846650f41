"""What every door does with a mail that stands before it, whatever protocol brought it.

Decides which recipients are known and that the mail is stored for each of them; one that is an address of a sent mail's
own takes it as a bounce of that mail, or as the wish to get no more. It answers nothing itself: a door answers its own
way, and only after ``receive`` returned.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from postbox.api.errors import TooLarge
from postbox.identity import return_paths
from postbox.identity.recipients import resolve
from postbox.identity.return_paths import Purpose
from postbox.ingest import metrics, returned
from postbox.ingest.limiting.admit import CODE, RateLimited, admit, foresee
from postbox.ingest.limits import MESSAGE_BYTES
from postbox.mail.store import Envelope, Recipient, Stored, accept

# A copy is sealed for each recipient, in one transaction: 500 of a large mail would be gigabytes.
COPIES_BYTES = 128 * 1024 * 1024
# Why a recipient does not get a mail; the third reason is postbox.ingest.limiting.admit.CODE.
UNKNOWN, TOO_MANY_COPIES = "unknown_recipient", "too_many_copies"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A recipient for whom the mail was not stored, and why."""

    rcpt_to: str
    code: str
    message: str


class Partial(Exception):
    """A mail that was to be stored for all of its recipients, and these may not have it; nothing was stored."""

    def __init__(self, rejected: Sequence[Rejection]) -> None:
        super().__init__(rejected[0].message)
        self.rejected = rejected


@dataclass(frozen=True, slots=True)
class Answer:
    """A recipient that is an address of one sent message's own, whether that is still there or expired."""

    rcpt_to: str
    message_id: uuid.UUID
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one mail, recipient by recipient."""

    stored: list[Stored]
    rejected: list[Rejection]
    answers: list[Answer] = field(default_factory=list)


class MailTooLarge(TooLarge):
    code = "mail_too_large"
    message = f"The mail is larger than {MESSAGE_BYTES} octets."
    fix = "Send a smaller mail; put large files where a link can reach them."


def receive(
    raw: bytes, envelope: Envelope, owner_id: uuid.UUID | None = None, *, none_if: Collection[str] = ()
) -> Receipt:
    """Store a mail for its known recipients; for none where one is rejected by a code in ``none_if``.

    ``owner_id`` is that of a bridge of one owner: agents of others are not known to it.

    Raises MailTooLarge, RateLimited where none of them may have it now, and OperationalError when it is not durable;
    by ``none_if`` Partial, or RateLimited where that is the code.
    """
    if len(raw) > MESSAGE_BYTES:
        raise MailTooLarge()
    answers = _answers(envelope.rcpt_to)
    paths = {answer.rcpt_to for answer in answers}
    found = resolve(rcpt for rcpt in envelope.rcpt_to if rcpt not in paths)
    reached = {rcpt: who for rcpt, who in found.items() if owner_id in {None, who.owner_id}}
    known: Sequence[Recipient] = [
        Recipient(rcpt, who.address_id, who.agent_id, who.agent_name)
        for rcpt in envelope.rcpt_to
        if (who := reached.get(rcpt))
    ]
    rejected = [
        Rejection(rcpt, UNKNOWN, "No agent here has this address.")
        for rcpt in envelope.rcpt_to
        if rcpt not in reached and rcpt not in paths
    ]
    copies = _copies(raw)
    rejected += [
        Rejection(who.rcpt_to, TOO_MANY_COPIES, f"One mail of this size is stored for {copies} recipients at a time.")
        for who in known[copies:]
    ]
    if grave := [one for one in rejected if one.code in none_if]:
        raise Partial(grave)
    known, limited = admit(envelope, known[:copies], all_or_none=CODE in none_if)
    if limited and (CODE in none_if or not (known or answers)):
        raise RateLimited(limited)
    rejected += [Rejection(one.rcpt_to, CODE, one.message) for one in limited]
    for answer in answers:
        returned.take(raw, answer.message_id, answer.purpose)
    receipt = Receipt(accept(raw, envelope, known) if known else [], rejected, answers)
    metrics.stored(receipt.stored)
    for item in rejected:
        metrics.REFUSED.inc(item.code)
    return receipt


def portions(raw: bytes, envelope: Envelope) -> list[Envelope]:
    """The envelope for as many recipients at a time as ``receive`` stores a mail of this size for."""
    copies, wanted = _copies(raw), envelope.rcpt_to
    return [replace(envelope, rcpt_to=wanted[start : start + copies]) for start in range(0, len(wanted), copies)]


def _copies(raw: bytes) -> int:
    return max(1, COPIES_BYTES // max(1, len(raw)))


def is_known(address: str) -> bool:
    """Whether mail to this address (lower case) would be taken."""
    return return_paths.answered(address) is not None or bool(resolve([address]))


def refused(envelope: Envelope, counted: Counter[bytes]) -> str:
    """Why a mail to the one recipient of this envelope would not be taken now: a code, empty where it would.

    ``counted`` are the copies to recipients of the same mail before (postbox.ingest.limiting.admit.foresee).
    """
    (address,) = envelope.rcpt_to
    if return_paths.answered(address) is not None:
        return ""
    who = resolve([address]).get(address)
    if who is None:
        return UNKNOWN
    recipient = Recipient(address, who.address_id, who.agent_id, who.agent_name)
    return "" if foresee(envelope, recipient, counted) else CODE


def _answers(rcpt_to: Iterable[str]) -> list[Answer]:
    return [Answer(rcpt, found.message_id, found.purpose) for rcpt in rcpt_to if (found := return_paths.answered(rcpt))]
