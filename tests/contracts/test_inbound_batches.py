"""Requests that hold several mails: each is stored by itself, and none keeps another away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from postbox.ingest import door
from postbox.ingest.inbound import views
from postbox.ingest.inbound.provider import Delivered
from postbox.ingest.limits import MESSAGE_BYTES
from postbox.mail.models import Message
from postbox.mail.store import Envelope
from postbox.metrics import writer
from postbox.metrics.counts import HELD
from tests.contracts.everyone import SECRETS, SEND
from tests.contracts.providers import Mail, Posted
from tests.contracts.relays import PUBLIC_URL, mandrill_event, mandrill_events, sparkpost_event, sparkpost_events
from tests.people import known_agent, mail

pytestmark = pytest.mark.django_db
Batch = tuple[Callable[[Mail], dict[str, Any]], Callable[[list[Any]], Posted]]
batches = pytest.mark.parametrize(
    "batch", [(mandrill_event, mandrill_events), (sparkpost_event, sparkpost_events)], ids=["mandrill", "sparkpost"]
)


@pytest.fixture(autouse=True)
def _secrets(settings: Settings) -> None:
    settings.POSTBOX_INBOUND = SECRETS
    settings.POSTBOX_PUBLIC_URL = PUBLIC_URL


@batches
def test_all_mails_of_a_request_are_stored_once(batch: Batch) -> None:
    entry, request = batch
    address = known_agent().address
    entries = [
        entry(Mail(to, mail(subject))) for to, subject in ((address, "a"), ("no@where.example", "b"), (address, "c"))
    ]
    assert request(entries).send() == (200, {"stored": 2, "rejected": 1, "duplicate": False})
    assert request(entries[:1]).send() == (200, {"stored": 0, "rejected": 0, "duplicate": True})
    assert Message.objects.count() == 2


@batches
def test_one_that_cannot_be_taken_keeps_none_of_the_others_away(batch: Batch) -> None:
    entry, request = batch
    address = known_agent().address
    large = entry(Mail(address, b"Subject: large\r\n\r\n" + b"x" * MESSAGE_BYTES))
    status, said = request([{"nonsense": 1}, large, entry(Mail(address, mail()))]).send()
    assert (status, said["code"]) == (422, "unusable_event")
    assert Message.objects.count() == 1
    status, said = request([large, entry(Mail(address, mail("second")))]).send()
    assert (status, said["code"]) == (413, "mail_too_large")
    assert Message.objects.count() == 2


@pytest.mark.parametrize("posted", [mandrill_events([]), sparkpost_events([]), sparkpost_events([{"msys": {}}])])
def test_the_providers_test_of_the_address_is_taken(posted: Posted) -> None:
    assert posted.send() == (200, {"stored": 0, "rejected": 0, "duplicate": False})


def test_refusals_are_counted_by_their_codes() -> None:
    writer.end()
    HELD.take()
    SEND["postmark"](Mail("robin@agents.localhost", mail()), "wrong").send()
    SEND["postmark"](Mail("nobody@agents.localhost", mail())).send()
    sparkpost_events(["nonsense"]).send()
    counted = {key[1]: value for key, value in HELD.take()[0].items() if key[0] == "postbox_mails_refused"}
    assert counted == {"401": 1.0, "unknown_recipient": 1.0, "unusable_event": 1.0}


def test_a_large_mail_is_stored_for_all_of_its_recipients(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy for each: so many of a mail of 25 MiB are more than one transaction holds."""
    known, raw = [known_agent(name) for name in ("ann", "bo", "cy", "di", "ed")], mail("large")
    wanted = (*(one.address for one in known), "nobody@where.example")
    monkeypatch.setattr(door, "COPIES_BYTES", 2 * len(raw))
    assert len(door.receive(raw, Envelope("", wanted)).rejected) == 4, "one transaction is not enough"
    Message.objects.all().delete()
    whole = Delivered("m-1", raw, "", wanted)
    assert views._take("sendgrid", whole) == {"stored": 5, "rejected": 1, "duplicate": False}
    assert views._take("sendgrid", whole) == {"stored": 0, "rejected": 0, "duplicate": True}
    assert Message.objects.count() == 5


def test_what_was_cut_off_between_two_portions_is_stored_when_it_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    known, raw = [known_agent(name) for name in ("ann", "bo")], mail("large")
    whole = Delivered("m-2", raw, "", tuple(one.address for one in known))
    monkeypatch.setattr(door, "COPIES_BYTES", len(raw))
    first, _ = door.portions(raw, Envelope("", whole.rcpt_to))
    assert len(door.receive(raw, first).stored) == 1
    assert views._take("sendgrid", whole) == {"stored": 2, "rejected": 0, "duplicate": False}
    assert Message.objects.count() == 2
