"""Bounces and complaints that came as mail: read, tied to the row that they answer, and recorded.

Decides which of our messages a report is of: by the return path that it came to or that the returned mail shows, by the
Message-ID, by the provider's id, else by the address among those that the agent wrote to lately. An address alone
proves nothing, since anybody may write such a mail to an agent: it says what became of the mail and blocks nobody.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from dataclasses import dataclass
from datetime import timedelta

from outbound.compose import own_id
from outbound.models import OutboundRecipient, Outgoing, ReportKind
from outbound.reports import COMPLAINT_TYPE, Report, record_bounce
from postbox.identity.return_paths import message_of
from postbox.lib import clock
from postbox.mail.keys import KeyErased
from postbox.mail.raw import raw_of
from reputation.bounces import Bounce, read_bounces
from reputation.bounces import Kind as Said

SOURCE = "mail"
MOST_BYTES = 256 * 1024
RECENT = timedelta(days=14)
# Feedback (RFC 5965, RFC 6591) that is no complaint of the recipient's.
NO_COMPLAINT = frozenset({"auth-failure", "dmarc", "not-spam", "virus"})


@dataclass(frozen=True, slots=True)
class Tie:
    """What a report is of. ``is_proven``: whoever wrote it has seen the mail that it answers."""

    message_id: uuid.UUID | None
    is_proven: bool


def take(agent_id: uuid.UUID, message_id: uuid.UUID, encoded: str | None) -> int:
    """Record what a mail reports; gives how many recipients it told of.

    With ``encoded`` (base64) it came to the return path of ``message_id``; else it is that message of the agent's own.
    """
    if encoded is not None:
        raw, answered = base64.b64decode(encoded), message_id
    else:
        try:
            raw, answered = raw_of(message_id, agent_id)[:MOST_BYTES], None
        except (KeyErased, FileNotFoundError):
            return 0
    found = [bounce for bounce in read_bounces(raw) if _counts(bounce)]
    for bounce in found:
        tie = Tie(answered, True) if answered else _tie(bounce, agent_id)
        record_bounce(_report(bounce, tie, raw))
    return len(found)


def _counts(bounce: Bounce) -> bool:
    if bounce.kind == Said.COMPLAINT:
        return bounce.action not in NO_COMPLAINT
    return bounce.kind == Said.BOUNCE


def _tie(bounce: Bounce, agent_id: uuid.UUID) -> Tie:
    named = bounce.original_message_id
    for found in (message_of(bounce.envelope_from), own_id(named)):
        if found and Outgoing.objects.filter(pk=found, agent_id=agent_id).exists():
            return Tie(found, True)
    provider_ids = [name for name in (named, f"<{named}>", named.partition("@")[0]) if named and name]
    by_provider = Outgoing.objects.filter(provider_id__in=provider_ids, agent_id=agent_id).values_list("pk", flat=True)
    if provider_ids and (message_id := by_provider.first()):
        return Tie(message_id, True)
    return Tie(_latest_to(bounce.recipient or bounce.original_to, agent_id), False)


def _latest_to(address: str, agent_id: uuid.UUID) -> uuid.UUID | None:
    """The agent's last message to an address, within some days."""
    rows = OutboundRecipient.objects.filter(
        address__in={address, address.lower()},
        message__agent_id=agent_id,
        message__created_at__gte=clock.now() - RECENT,
    )
    return rows.order_by("-id").values_list("message_id", flat=True).first() if address else None


def _report(bounce: Bounce, tie: Tie, raw: bytes) -> Report:
    is_complaint = bounce.kind == Said.COMPLAINT
    is_hard = bounce.hard and tie.is_proven
    # A complaint always blocks, so without a proof it stays of no message, for a person to see.
    message_id = None if is_complaint and not tie.is_proven else tie.message_id
    said = f"{bounce.action} {bounce.status or bounce.reply} {bounce.reason}"
    return Report(
        source=SOURCE,
        # The same mail may come twice, by other ways; of one message it is the same report.
        event=said if message_id else hashlib.sha256(raw).hexdigest(),
        kind=ReportKind.COMPLAINT if is_complaint else ReportKind.BOUNCE,
        at=clock.now(),
        address=bounce.recipient or bounce.original_to,
        message_id=message_id,
        bounce_type=COMPLAINT_TYPE if is_complaint else "HardBounce" if is_hard else "SoftBounce",
        is_hard=is_hard,
        detail=f"{bounce.status or bounce.reply} {bounce.detail or bounce.action}".strip(),
    )
