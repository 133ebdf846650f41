"""The SMTP door as the world has it: one reply for a mail, nobody believed, nobody let take more than a share."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterator
from typing import Any

import pytest

from postbox.identity import recipients
from postbox.identity.alloc import allocate
from postbox.identity.models import Owner
from postbox.ingest import door as doors
from postbox.ingest.models import RateBucket
from postbox.ingest.smtp import protocol
from postbox.ingest.smtp.claims import without_claims
from postbox.ingest.smtp.protocol import SmtpConversation
from postbox.mail.models import Message
from postbox.mail.raw import raw_of
from tests.ingest.lmtp.door import Running, running
from tests.ingest.test_rates import limit
from tests.outage import shut
from tests.people import ANN, known_agent, mail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def door() -> Iterator[Running]:
    with running(kind=SmtpConversation, hostname="mx.postbox.example") as made:
        yield made


def stored() -> list[bytes]:
    return [raw_of(row.id, row.agent_id) or b"" for row in Message.objects.order_by("id")]


# --- mail comes in -----------------------------------------------------------------------------------------------


def test_a_mail_by_smtplib_with_its_client_and_how_it_came(door: Running) -> None:
    robin, wren = known_agent(), known_agent("wren")
    raw = mail("By SMTP", "Grüße\r\n.\r\n..")
    with smtplib.SMTP("127.0.0.1", door.port, local_hostname="client.mercer-bikes.example", timeout=60) as client:
        to = [robin.address, "nobody@agents.localhost", wren.address.upper(), "ann@elsewhere.example"]
        refused = client.sendmail(ANN, to, raw, ["BODY=8BITMIME"])
        assert {address: code for address, (code, _) in refused.items()} == {to[1]: 550, to[3]: 550}
    rows = Message.objects.order_by("id").values_list("rcpt_to", "mail_from", "client_ip", "helo", "tls")
    said = (ANN, "127.0.0.1", "client.mercer-bikes.example", "none")
    assert list(rows) == [(robin.address, *said), (wren.address, *said)]
    assert stored() == [raw, raw]


def test_what_it_offers_and_what_it_does_not_tell(door: Running) -> None:
    talk = door.talk(hello=False)
    assert talk.greeting == "220 mx.postbox.example ESMTP Postbox"
    assert talk("MAIL FROM:<>").startswith("503 5.5.1")
    offered = talk("EHLO mx.example").splitlines()
    assert {line[4:] for line in offered[1:]} == {
        "SIZE 26214400",
        "8BITMIME",
        "SMTPUTF8",
        "PIPELINING",
        "ENHANCEDSTATUSCODES",
    }
    assert talk("LHLO x").startswith("500")
    assert talk("XFORWARD ADDR=192.0.2.1").startswith("500")
    assert talk("AUTH LOGIN").startswith("502 5.5.1")
    assert talk("VRFY robin@agents.localhost").startswith("252 2.5.2")
    assert talk("HELO mx.example") == "250 mx.postbox.example"
    assert talk.mail(mail(), known_agent().address)[0].startswith("250 2.0.0 Stored as ")


def test_postmaster_without_a_domain_is_whom_the_operator_made(door: Running) -> None:
    """RFC 5321, section 4.5.1."""
    talk = door.talk()
    assert talk("MAIL FROM:<>").startswith("250")
    assert talk("RCPT TO:<Postmaster>").startswith("550 5.1.1")
    owner = Owner.objects.create(name="The operator")
    allocate(owner, "mail-desk", local_part="postmaster", actor="user:1", by_operator=True)
    assert talk("RCPT TO:<Postmaster>").startswith("250")
    assert talk("RCPT TO:<robin>").startswith("553 5.1.3")
    talk("RSET")
    assert talk.mail(mail("To you"), "POSTMASTER")[0].startswith("250 2.0.0 Stored as ")
    assert Message.objects.get().rcpt_to == "postmaster@agents.localhost"


def test_a_conversation_in_one_write_gets_a_reply_a_mail(door: Running) -> None:
    robin, wren = known_agent(), known_agent("wren")
    talk = door.talk()
    one = f"MAIL FROM:<>\r\nRCPT TO:<{robin.address}>\r\nRCPT TO:<{wren.address}>\r\nDATA\r\n".encode()
    talk.send(one + mail() + b".\r\n" + one + mail() + b".\r\nQUIT\r\n")
    replies = [talk.reply() for _ in range(11)]
    assert [reply[:3] for reply in replies] == [*["250", "250", "250", "354", "250"] * 2, "221"]
    assert replies[4].endswith(" and 1 more")
    assert Message.objects.count() == 4


def test_a_reply_that_was_lost_leads_to_no_second_mail(door: Running) -> None:
    robin, raw = known_agent(), mail()
    first, second = (door.talk().mail(raw, robin.address)[0] for _ in range(2))
    assert first == second
    assert Message.objects.count() == 1


def test_addresses_in_utf_8(door: Running) -> None:
    robin = known_agent()
    talk = door.talk()
    talk.send("MAIL FROM:<jürgen@größe.example> SMTPUTF8 BODY=8BITMIME\r\n".encode())
    assert talk.reply().startswith("250 2.1.0")
    talk(f"RCPT TO:<{robin.address}>")
    talk("DATA")
    talk.send(mail() + b".\r\n")
    assert talk.reply().startswith("250")
    assert Message.objects.get().mail_from == "jürgen@größe.example"


# --- all or nothing ----------------------------------------------------------------------------------------------


def test_a_recipient_over_its_rate_is_put_off_at_rcpt_and_nothing_is_counted_for_it(
    door: Running, settings: Any
) -> None:
    robin, wren = known_agent(), known_agent("wren")
    limit(settings, sender_hour=2)
    talk = door.talk()
    talk(f"MAIL FROM:<{ANN}>")
    assert talk(f"RCPT TO:<{robin.address}>").startswith("250 2.1.5")
    assert talk(f"RCPT TO:<{wren.address}>").startswith("250 2.1.5")
    assert talk(f"RCPT TO:<{robin.address.replace('@', '+x@')}>").startswith("450 4.7.1")
    assert not RateBucket.objects.exists()
    talk("RSET")
    assert talk.mail(mail(), robin.address, wren.address, sender=ANN)[0].startswith("250")
    talk(f"MAIL FROM:<{ANN}>")
    assert talk(f"RCPT TO:<{robin.address}>").startswith("450 4.7.1")
    assert RateBucket.objects.get().used == 2
    assert Message.objects.count() == 2


def test_where_another_mail_was_quicker_none_of_the_recipients_has_it(door: Running, settings: Any) -> None:
    robin, wren = known_agent(), known_agent("wren")
    limit(settings, recipient_hour=1)
    first, second = door.talk(), door.talk()
    first.open_mail(robin.address, wren.address)
    assert second.mail(mail(), wren.address)[0].startswith("250")
    first.send(mail("Twice") + b".\r\n")
    assert first.reply().startswith("450 4.7.1")
    assert Message.objects.count() == 1
    assert first.mail(mail("Twice"), robin.address)[0].startswith("250")  # what it would have cost was given back


def test_where_a_recipient_is_gone_since_rcpt_none_has_it_and_is_told_then(door: Running) -> None:
    robin, wren = known_agent(), known_agent("wren")
    talk = door.talk()
    talk.open_mail(robin.address, wren.address)
    wren.agent.addresses.all().delete()
    recipients.forget()
    talk.send(mail() + b".\r\n")
    assert talk.reply().startswith("451 4.2.1")
    assert not Message.objects.exists()
    talk("MAIL FROM:<>")
    assert talk(f"RCPT TO:<{wren.address}>").startswith("550 5.1.1")


def test_a_large_mail_is_for_so_many_at_a_time(door: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    robin, wren = known_agent(), known_agent("wren")
    raw = mail()
    for module in (doors, protocol):
        monkeypatch.setattr(module, "COPIES_BYTES", len(raw))
    talk = door.talk()
    talk(f"MAIL FROM:<> SIZE={len(raw)}")
    assert talk(f"RCPT TO:<{robin.address}>").startswith("250")
    assert talk(f"RCPT TO:<{wren.address}>").startswith("452 4.5.3")
    talk("RSET")
    assert talk.mail(raw, robin.address, wren.address)[0].startswith("552 5.3.4")  # its size was not announced
    assert not Message.objects.exists()


def test_without_a_database_mail_is_put_off(door: Running) -> None:
    robin = known_agent()
    talk, in_mail = door.talk(), door.talk()
    in_mail.open_mail(robin.address)
    with shut():
        recipients.forget()
        talk("MAIL FROM:<>")
        assert talk(f"RCPT TO:<{robin.address}>").startswith("451 4.3.0")
        in_mail.send(mail() + b".\r\n")
        assert in_mail.reply().startswith("451 4.3.0")
    assert not Message.objects.exists()
    assert talk(f"RCPT TO:<{robin.address}>").startswith("250")


# --- who is not believed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bare", [b"\n.\r\n", b"\n.\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"a\rb", b"a\nb"])
def test_a_mail_with_a_bare_break_is_refused_and_smuggles_nothing(door: Running, bare: bytes) -> None:
    robin = known_agent()
    talk = door.talk()
    talk.open_mail(robin.address)
    inner = f"MAIL FROM:<evil@x.example>\r\nRCPT TO:<{robin.address}>\r\nDATA\r\n".encode()
    talk.send(b"Subject: a\r\n\r\nb" + bare + inner + b"Subject: smuggled\r\n\r\n.\r\n")
    assert talk.reply().startswith("550 5.6.0")
    assert talk("NOOP") == "250 2.0.0 OK"
    assert not Message.objects.exists()


@pytest.mark.parametrize("ends", ["\n", "\r\r\n", " a\rb\r\n"])
def test_a_command_with_a_bare_break_is_carried_out_nowhere(door: Running, ends: str) -> None:
    talk = door.talk()
    talk.send(f"MAIL FROM:<evil@x.example>{ends}".encode())
    assert talk.reply().startswith("500 5.5.0")
    assert talk("RCPT TO:<robin@agents.localhost>").startswith("503 5.5.1")


def test_what_only_our_own_mail_server_may_say_is_taken_out(door: Running, settings: Any) -> None:
    robin = known_agent()
    claim = b"Authentication-Results: mx.here.example;\r\n\tdmarc=pass header.from=mercer-bikes.example\r\n"
    raw = mail()
    door.talk().mail(claim + raw, robin.address)
    settings.POSTBOX_TRUSTED_AUTHSERV_ID = "mx.here.example"
    door.talk().mail(claim + raw, robin.address)
    assert stored() == [claim + raw, raw]


@pytest.mark.parametrize(
    ("head", "left"),
    [
        (b"A: 1\r\nauthentication-RESULTS \t: x\r\n y\r\n\tz\r\nB: 2\r\n", b"A: 1\r\nB: 2\r\n"),
        (b"Authentication-Results: x\r\nAuthentication-Results: y\r\n", b""),
        (b"\r\n \t\r\nAuthentication-Results: x\r\nA: 1\r\n", b"\r\n \t\r\nA: 1\r\n"),
        (b"ARC-Authentication-Results: i=1; x\r\nX: Authentication-Results: y\r\n", None),
    ],
)
def test_where_it_stands_in_the_head_and_nowhere_else(head: bytes, left: bytes | None) -> None:
    body = b"\r\nAuthentication-Results: of an attached mail\r\n"
    assert without_claims(head + body) == (head if left is None else left) + body
    assert without_claims(head) == (head if left is None else left)


def test_a_card_number_that_is_no_command_reaches_no_log(door: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "postbox")
    assert door.talk()("4111111111111111 is my card").startswith("500")
    assert "4111111111111111" not in caplog.text
