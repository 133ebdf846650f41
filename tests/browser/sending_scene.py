"""The small shop's agents and what they sent, for the sending pages to be looked at."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from outbound import batch, results, work
from outbound.models import OutboundRecipient, Outgoing, QuotaScope, ReportKind, SendQuota, Window
from outbound.reports import Report, record_bounce
from outbound.transports.mailbox import Mailbox
from postbox.events.models import Wakeup
from postbox.lib import clock
from postbox.mail.models import Message, Status
from reputation.models import SuppressionReason
from reputation.suppressions import suppress
from tests.admin.outbox import days
from tests.callers import call
from tests.people import Known, known_agent

# To whom, subject, text.
SENT = (
    (
        "Ann Mercer <ann@mercer-bikes.example>",
        "Re: Delivery on Thursday?",
        "Both frames leave us on Wednesday.",
    ),
    ("paul@mercer-bikes.example", "Your two frames", "They are on the van and reach you before noon."),
    ("mira@example.org", "Quote for six trekking bikes", "Six trekking bikes, frame size M, with lights: 5,340.00."),
    ("gone@old-shop.example", "Your order 4466", "Your order is ready to be fetched."),
    ("kim@example.net", "Three routes for a wet week", "We rode them for you; here they are."),
    ("jo@example.com", "The screw of your bell", "It is an M5, 12 mm. One is in the post."),
)
HELD = (
    ("accounts@harbour-supplies.example", "Re: Invoice 2026-118", "The amount was paid today.", "needs_approval"),
    ("ann@mercer-bikes.example", "Re: Delivery on Thursday?", "Wednesday it is.", "busy_thread"),
)  # fmt: skip


@dataclass(frozen=True)
class Sending:
    """What the pages are of."""

    orders: Known
    sent: uuid.UUID
    bounced: uuid.UUID
    held: list[uuid.UUID]


def sending() -> Sending:
    """Three agents with sent, bounced, complained, held and unknown mail, limits, suppressions and days of figures."""
    orders, invoices, news = (known_agent(name, "Mercer Bikes") for name in ("orders", "invoices", "news"))
    sent = [_written(orders, *mail) for mail in SENT]
    work.run(Mailbox())
    _told(sent[3], "gone@old-shop.example", ReportKind.BOUNCE, "550 5.1.1 no such user here")
    _told(sent[4], "kim@example.net", ReportKind.COMPLAINT, "abuse")
    _told(sent[0], "ann@mercer-bikes.example", ReportKind.DELIVERED, "")
    held = [_held(invoices, *mail) for mail in HELD]
    _lost(_written(news, "cy@example.org", "Spring in the saddle", "The new tyres are here."))
    for known, count in ((orders, 26), (invoices, 12), (news, 20)):
        days(known, count)
    owner = orders.owner.id
    later = clock.now() + timedelta(days=60)
    suppress(owner, "lee@example.org", SuppressionReason.UNSUBSCRIBED, agent_id=news.agent.id, actor="recipient")
    suppress(owner, "press@example.net", SuppressionReason.MANUAL, detail="By phone", expires_at=later, actor="otto")
    SendQuota.objects.filter(scope=QuotaScope.AGENT, agent=news.agent, window=Window.DAY).update(limit=60)
    Wakeup.objects.update_or_create(work="sweep", defaults={"waiting_since": clock.now()})  # beat is well
    return Sending(orders, sent[0], sent[3], held)


def _written(known: Known, to: str, subject: str, text: str) -> uuid.UUID:
    answer = call("/send", {"to": to, "subject": subject, "text": text}, known.agent_key)
    assert answer.status == 202, answer.body
    return uuid.UUID(answer.body["id"])


def _held(known: Known, to: str, subject: str, text: str, code: str) -> uuid.UUID:
    message_id = _written(known, to, subject, text)
    Outgoing.objects.filter(pk=message_id).update(state=Status.HELD, code=code)
    Message.objects.filter(pk=message_id).update(status=Status.HELD)
    return message_id


def _lost(message_id: uuid.UUID) -> None:
    """As a worker leaves it that dies while it hands over."""
    claimed = batch.next_outbound_batch()
    batch.begin(claimed.token, claimed.parcels)
    Outgoing.objects.filter(pk=message_id).update(leased_until="2026-01-01T00:00:00Z")
    assert results.give_up_lost() == 1


def _told(message_id: uuid.UUID, address: str, kind: ReportKind, detail: str) -> None:
    bounce_type = {ReportKind.BOUNCE: "HardBounce", ReportKind.COMPLAINT: "SpamComplaint"}.get(kind, "")
    is_hard = kind == ReportKind.BOUNCE
    said = Report("test", str(message_id), kind, clock.now(), address, message_id, "", bounce_type, is_hard, detail)
    assert record_bounce(said) is not None
    assert OutboundRecipient.objects.filter(message_id=message_id).count() == 1
