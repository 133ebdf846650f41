"""Bounces that come as mail, by every door, from the returned mail to the row that it answers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from outbound import work
from outbound.models import DeliveryReport, OutboundRecipient, Outgoing, ReportState
from outbound.transports.mailbox import Mailbox
from postbox.events.models import Event, EventCopy
from postbox.identity.return_paths import message_of, return_path
from postbox.ingest import returned
from postbox.ingest import work as ingest
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail.models import Direction, Message, MessageKey
from reputation.models import EmailReputation, Suppression
from tests.callers import Answer, call, send
from tests.contracts.everyone import SECRETS, SEND
from tests.contracts.providers import Mail
from tests.ingest.lmtp.door import running
from tests.people import Known, bridge_key, known_agent

FOLDER = Path(__file__).parents[1] / "fixtures" / "bounces"
ANNA = "anna@shop.example.net"


@pytest.fixture
def robin(transactional_db: None) -> Known:
    return known_agent()


def sent(robin: Known, *to: str) -> Message:
    body = {"to": list(to or (ANNA,)), "subject": "Offer for May", "text": f"Hello {uuid7()}"}
    answer = call("/send", body, robin.agent_key)
    assert answer.status == 202, answer.body
    work.run(Mailbox())
    return Message.objects.get(pk=answer.body["id"])


def report(name: str, message: Message | None = None) -> bytes:
    """A fixture, of this message where one is given: the mail that it returns has its Message-ID."""
    raw = (FOLDER / f"{name}.eml").read_bytes()
    if message:
        raw = raw.replace(b"<0196a1b2@agents.example.com>", f"<{message.id.hex}@agents.localhost>".encode())
    return raw


def hand_in(raw: bytes, *rcpt_to: str, mail_from: str = "") -> Answer:
    headers = {"HTTP_X_POSTBOX_MAIL_FROM": mail_from, "HTTP_X_POSTBOX_RCPT_TO": ",".join(rcpt_to)}
    return send("/ingest", raw, "message/rfc822", bridge=bridge_key(), **headers)


def take() -> None:
    while ingest.run():
        pass
    work.run(Mailbox())


def state(address: str = ANNA) -> tuple[str, str]:
    row = OutboundRecipient.objects.get(address=address)
    return row.state, row.bounce_type


def inbound() -> int:
    return Message.objects.filter(direction=Direction.INBOUND).count()


def test_from_send_to_the_bounce_that_ends_writing_to_that_address(robin: Known) -> None:
    message = sent(robin)
    answer = hand_in(report("dsn-unknown"), message.mail_from.upper())
    assert answer.status == 202, answer.body
    assert answer.body["messages"] == answer.body["rejected"] == []
    assert answer.body["bounces"] == [{"to": message.mail_from, "id": str(message.id)}]
    assert Event.objects.filter(kind="bounce.received", message_id=message.id).count() == 1
    assert set(EventCopy.objects.filter(event__kind="bounce.received").values_list("consumer", flat=True)) == {
        "outbound"
    }
    take()
    assert state() == ("bounced", "HardBounce")
    assert "5.1.1" in OutboundRecipient.objects.get().bounce_detail
    assert Suppression.objects.get().address == ANNA
    assert Event.objects.filter(kind="message.bounced").count() == 1
    refused = call("/send", {"to": ANNA, "text": "again"}, robin.agent_key)
    assert (refused.status, refused.body["code"]) == (403, "recipient_suppressed")
    assert inbound() == 0


def test_what_is_kept_of_a_bounce_is_sealed_by_the_key_of_its_message(robin: Known) -> None:
    message = sent(robin)
    hand_in(report("dsn-unknown"), message.mail_from)
    assert b"anna" not in bytes(Event.objects.get(kind="bounce.received").body)
    MessageKey.objects.filter(pk=message.id).delete()
    take()
    assert state() == ("accepted", "")


def test_the_same_bounce_twice_and_by_two_ways_is_one(robin: Known) -> None:
    message = sent(robin)
    for _ in range(2):
        hand_in(report("dsn-unknown", message), message.mail_from)
    hand_in(report("dsn-unknown", message), robin.address)
    take()
    assert EmailReputation.objects.get().hard_bounces == 1
    assert DeliveryReport.objects.count() == 1


def test_by_lmtp(robin: Known) -> None:
    message = sent(robin)
    forged = message.mail_from.replace(".", ".0", 1)
    with running() as door:
        talk = door.talk()
        assert talk("MAIL FROM:<>").startswith("250")
        assert talk(f"RCPT TO:<{forged}>").startswith("550 5.1.1")
        assert talk(f"RCPT TO:<{message.mail_from}>").startswith("250 2.1.5")
        assert talk(f"RCPT TO:<{robin.address}>").startswith("250 2.1.5")
        assert talk("DATA").startswith("354")
        talk.send(report("qmail").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + b"\r\n.\r\n")
        assert talk.reply() == "250 2.1.5 Taken as a bounce"
        assert talk.reply().startswith("250 2.1.5 Stored as")
    take()
    assert state() == ("bounced", "HardBounce")
    assert inbound() == 1


def test_by_a_provider(robin: Known, settings: Settings) -> None:
    settings.POSTBOX_INBOUND = SECRETS
    message = sent(robin)
    posted = SEND["postmark"](Mail(message.mail_from, report("dsn-unknown")))
    assert posted.send() == (200, {"stored": 1, "rejected": 0, "duplicate": False})
    assert posted.send()[1]["duplicate"]
    take()
    assert state() == ("bounced", "HardBounce")
    assert EmailReputation.objects.get().hard_bounces == 1


def test_a_return_path_that_nobody_was_given_is_an_unknown_recipient(robin: Known) -> None:
    message = sent(robin)
    local, _, domain = message.mail_from.partition("@")
    forged = f"{local[:-1]}{'0' if local[-1] != '0' else '1'}@{domain}"
    assert message_of(message.mail_from) == message.id
    assert message_of(forged) is None
    assert hand_in(report("dsn-unknown"), forged).body["rejected"][0]["code"] == "unknown_recipient"
    assert not Event.objects.filter(kind="bounce.received").exists()


def test_a_bounce_of_a_mail_that_expired_is_taken_and_dropped(robin: Known) -> None:
    answer = hand_in(report("dsn-unknown"), return_path(uuid7(), robin.address))
    assert (answer.status, len(answer.body["bounces"])) == (202, 1)
    assert not Event.objects.exists()
    assert inbound() == 0


@pytest.mark.parametrize("name", ["dsn-unknown", "exim-two", "feedback-abuse"])
@pytest.mark.parametrize("sender", ["", "postmaster@mx.example.org"])
def test_what_comes_to_the_agents_own_address_counts_and_stays_its_mail(robin: Known, name: str, sender: str) -> None:
    message = sent(robin, ANNA, "ben@shop.example.net")
    hand_in(report(name, message), robin.address, mail_from=sender)
    take()
    assert inbound() == 1
    expected = ("complained", "SpamComplaint") if name == "feedback-abuse" else ("bounced", "HardBounce")
    assert state() == expected
    assert Suppression.objects.get(address=ANNA)


def test_ordinary_mail_is_no_report(robin: Known) -> None:
    sent(robin)
    hand_in(report("question"), robin.address, mail_from=ANNA)
    take()
    assert not Event.objects.filter(kind="bounce.received").exists()


@pytest.mark.parametrize("name", ["vacation", "dsn-delivered", "read-receipt", "list-digest"])
def test_what_reports_no_failure_changes_nothing(robin: Known, name: str) -> None:
    message = sent(robin)
    hand_in(report(name, message), message.mail_from, robin.address)
    take()
    assert state() == ("accepted", "")
    assert not DeliveryReport.objects.exists()


def test_feedback_that_is_no_complaint_blocks_nobody(robin: Known) -> None:
    message = sent(robin)
    raw = report("feedback-abuse").replace(b"Feedback-Type: abuse", b"Feedback-Type: auth-failure")
    hand_in(raw, message.mail_from)
    take()
    assert state() == ("accepted", "")
    assert not Suppression.objects.exists()


def test_an_address_alone_ties_a_bounce_and_blocks_nobody(robin: Known) -> None:
    """Anybody can write such a mail to an agent."""
    sent(robin)
    hand_in(report("dsn-unknown"), robin.address)
    take()
    assert state() == ("bounced", "SoftBounce")
    assert not Suppression.objects.exists()


def test_a_complaint_that_only_an_address_ties_is_kept_for_a_person(robin: Known) -> None:
    sent(robin)
    hand_in(report("feedback-abuse"), robin.address)
    take()
    assert state() == ("accepted", "")
    assert DeliveryReport.objects.get().state == ReportState.WAITING


def test_what_another_agent_sent_is_not_this_ones_to_report(robin: Known) -> None:
    message, heron = sent(robin), known_agent("heron", "Oscar")
    hand_in(report("dsn-unknown", message), heron.address)
    take()
    assert state() == ("accepted", "")
    assert not Suppression.objects.exists()


def test_the_name_that_a_provider_gave_ties_it(robin: Known) -> None:
    message = sent(robin)
    Outgoing.objects.filter(pk=message.id).update(provider_id="0196a1b2")
    hand_in(report("dsn-unknown"), robin.address)
    take()
    assert state() == ("bounced", "HardBounce")


def test_of_a_large_bounce_the_beginning_is_kept(robin: Known) -> None:
    message = sent(robin)
    raw = report("dsn-unknown").replace(b"Hello,", b"Hello " * 100_000)
    hand_in(raw, message.mail_from)
    assert len(bytes(Event.objects.get(kind="bounce.received").body)) < returned.KEPT_BYTES * 3 // 2
    take()
    assert state() == ("bounced", "HardBounce")


def test_a_bounce_that_waited_counts_all_the_same(robin: Known) -> None:
    message = sent(robin)
    hand_in(report("dsn-unknown"), message.mail_from)
    with clock.frozen(clock.now() + timedelta(days=10)):
        take()
    assert state() == ("bounced", "HardBounce")
