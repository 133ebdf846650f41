"""Sent mail in every state for the desk's tests to look at, and who may decide on it."""

from __future__ import annotations

import uuid
from datetime import timedelta

from outbound import batch, results, work
from outbound.models import Outgoing, ReportKind
from outbound.reports import Report, record_bounce
from outbound.transports.mailbox import Mailbox
from postbox.lib import clock
from postbox.mail.models import Message, Status
from reputation.models import SenderDay
from tests.callers import call
from tests.people import Known


def written(known: Known, to: str = "ann@mercer-bikes.example", text: str = "It is on its way.") -> uuid.UUID:
    """A mail that waits to be sent."""
    answer = call("/send", {"to": to, "subject": "Your order", "text": text}, known.agent_key)
    assert answer.status == 202, answer.body
    return uuid.UUID(answer.body["id"])


def kept(known: Known, to: str = "ann@mercer-bikes.example", code: str = "needs_approval") -> uuid.UUID:
    """A mail that is held. Set so, as its gates have tests of their own."""
    message_id = written(known, to)
    Outgoing.objects.filter(pk=message_id).update(state=Status.HELD, code=code)
    Message.objects.filter(pk=message_id).update(status=Status.HELD)
    return message_id


def unknown(known: Known) -> uuid.UUID:
    """A mail whose worker died while it handed it over."""
    message_id = written(known, "cy@ek.example")
    claimed = batch.next_outbound_batch()
    assert message_id in {parcel.id for parcel in batch.begin(claimed.token, claimed.parcels)}
    Outgoing.objects.filter(pk=message_id).update(leased_until="2026-01-01T00:00:00Z")
    assert results.give_up_lost() == 1
    return message_id


def bounced(known: Known, to: str = "gone@ek.example") -> uuid.UUID:
    """A mail that came back."""
    message_id = written(known, to)
    work.run(Mailbox())
    told = Report(
        "test", str(message_id), ReportKind.BOUNCE, clock.now(), to, message_id, "", "HardBounce", True, "5.1.1"
    )
    assert record_bounce(told) is not None
    return message_id


def days(known: Known, count: int = 20) -> None:
    """So many days of sending before today."""
    today = clock.now().date()
    for back in range(1, count + 1):
        SenderDay.objects.create(
            agent=known.agent,
            day=today - timedelta(days=back),
            sent=40 + back * 3,
            bounced=back % 4,
            complained=back % 7 == 0,
        )
