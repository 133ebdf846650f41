"""The LMTP door as a mail server has it: over a socket, with a database behind it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from postbox.identity import recipients
from postbox.ingest.limits import ADDRESS_COUNT, MESSAGE_BYTES
from postbox.mail.models import Message
from postbox.mail.raw import raw_of
from tests.config.processes import wait_for
from tests.ingest.lmtp.door import Running, running
from tests.outage import shut, superuser_of_tests
from tests.people import known_agent, mail
from tests.stalls import thrice

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def door() -> Iterator[Running]:
    with running() as made:
        yield made


def stored() -> list[bytes]:
    return [raw_of(row.id, row.agent_id) or b"" for row in Message.objects.order_by("id")]


def test_each_recipient_has_a_reply_of_its_own_once_the_mail_is_there(door: Running) -> None:
    robin, wren = known_agent(), known_agent("wren")
    talk = door.talk()
    assert talk("MAIL FROM:<ann@mercer-bikes.example>").startswith("250 2.1.0")
    assert talk(f"RCPT TO:<{robin.address}>").startswith("250 2.1.5")
    assert talk("RCPT TO:<nobody@agents.localhost>").startswith("550 5.1.1")
    assert talk(f"RCPT TO:<{wren.address.upper()}>").startswith("250 2.1.5")
    assert talk("DATA").startswith("354")
    raw = mail()
    talk.send(raw + b".\r\n")
    for who in (robin, wren):
        reply = talk.reply()
        row = Message.objects.get(pk=reply.rpartition(" ")[2])
        assert reply.startswith("250 2.1.5 Stored as")
        assert (row.agent_id, row.rcpt_to, row.mail_from) == (who.agent.id, who.address, "ann@mercer-bikes.example")
    assert talk("NOOP") == "250 2.0.0 OK"  # no third reply came
    assert stored() == [raw, raw]
    again = talk.mail(raw, robin.address)
    assert again[0].startswith("250")
    assert Message.objects.count() == 2
    assert talk("QUIT") == "221 2.0.0 Bye"


def test_what_it_offers_is_what_rfc_2033_asks_for(door: Running) -> None:
    talk = door.talk()
    assert talk.greeting.startswith("220 ")
    for extension in ("PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", f"SIZE {MESSAGE_BYTES}", "XFORWARD"):
        assert extension in talk.offered
    assert talk("EHLO x").startswith("500 5.5.1")
    assert talk("FOO").startswith("500 5.5.0")


def test_commands_out_of_order_are_refused_and_break_nothing(door: Running) -> None:
    robin = known_agent()
    early = door.talk(hello=False)
    assert early("MAIL FROM:<a@b.example>").startswith("503 5.5.1")
    talk = door.talk()
    assert talk("RCPT TO:<a@b.example>").startswith("503 5.5.1")
    assert talk("DATA").startswith("503 5.5.1")
    assert talk("MAIL FROM:<>").startswith("250")
    assert talk("MAIL FROM:<>").startswith("503 5.5.1")
    assert talk("XFORWARD ADDR=192.0.2.1").startswith("503 5.5.1")
    assert talk("RCPT TO:<nobody@agents.localhost>").startswith("550")
    assert talk("DATA").startswith("503 5.5.1")
    assert talk("RSET").startswith("250")
    assert talk.mail(mail(), robin.address)[0].startswith("250")


def test_the_null_return_path_is_kept(door: Running) -> None:
    robin = known_agent()
    assert door.talk().mail(mail(), robin.address, sender="")[0].startswith("250")
    assert Message.objects.get().mail_from == ""


def test_every_octet_arrives_dots_long_lines_and_eight_bits_too(door: Running) -> None:
    robin = known_agent()
    raws = [
        mail(text=".\r\n..\r\n. dot\r\n.."),
        mail(text="x" * 300_000),
        mail() + bytes(range(0x80, 0x100)) + b"\r\n",
        b"\r\n",
    ]
    talk = door.talk()
    for raw in raws:
        assert talk.mail(raw, robin.address)[0].startswith("250")
    assert stored() == raws


def test_a_whole_conversation_in_one_write(door: Running) -> None:
    robin = known_agent()
    talk = door.talk()
    one = f"MAIL FROM:<>\r\nRCPT TO:<{robin.address}>\r\nDATA\r\n".encode()
    talk.send(one + mail() + b".\r\n" + one + mail() + b".\r\nQUIT\r\n")
    codes = [talk.reply()[:3] for _ in range(9)]
    assert codes == ["250", "250", "354", "250", "250", "250", "354", "250", "221"]
    assert Message.objects.count() == 2


def test_who_the_client_was_comes_from_xforward_and_holds_for_one_mail(door: Running) -> None:
    robin = known_agent()
    talk = door.talk()
    assert talk("XFORWARD NAME=[UNAVAILABLE] ADDR=192.0.2.7 PORT=4711").startswith("250 2.0.0")
    assert talk("XFORWARD PROTO=ESMTP HELO=mx+2Dout.example SOURCE=REMOTE").startswith("250 2.0.0")
    talk.mail(mail(), robin.address)
    talk.mail(mail(), robin.address)
    talk("XFORWARD ADDR=IPV6:2001:db8::7 HELO=[UNAVAILABLE]")
    talk.mail(mail(), robin.address)
    rows = Message.objects.order_by("id").values_list("client_ip", "helo")
    assert list(rows) == [("192.0.2.7", "mx-out.example"), (None, ""), ("2001:db8::7", "")]


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


@pytest.mark.parametrize("bare", [b"\n.\r\n", b"\n.\n", b"\r.\r\n", b"\r.\r", b"a\rb", b"a\nb", b"\r\r\n"])
def test_a_mail_with_a_bare_break_is_refused_and_smuggles_nothing(door: Running, bare: bytes) -> None:
    robin, wren = known_agent(), known_agent("wren")
    talk = door.talk()
    talk.open_mail(robin.address, wren.address)
    inner = f"MAIL FROM:<evil@x.example>\r\nRCPT TO:<{robin.address}>\r\nDATA\r\n".encode()
    talk.send(b"Subject: a\r\n\r\nb" + bare + inner + b"Subject: smuggled\r\n\r\n.\r\n")
    assert [talk.reply()[:9] for _ in range(2)] == ["550 5.6.0"] * 2
    assert talk("NOOP") == "250 2.0.0 OK"
    assert not Message.objects.exists()


def test_a_mail_too_large_is_refused_by_its_announced_size_and_by_its_own(door: Running) -> None:
    robin = known_agent()
    talk = door.talk()
    assert talk(f"MAIL FROM:<> SIZE={MESSAGE_BYTES + 1}").startswith("552 5.3.4")
    talk.open_mail(robin.address, robin.address)
    line = b"x" * 70_000 + b"\r\n"
    talk.send(line * (MESSAGE_BYTES // len(line) + 1) + b".\r\n")
    assert [talk.reply()[:9] for _ in range(2)] == ["552 5.3.4"] * 2
    assert talk.mail(mail(), robin.address)[0].startswith("250")
    assert Message.objects.count() == 1


def test_too_many_recipients_are_put_off_and_the_others_are_served(door: Running) -> None:
    robin = known_agent()
    talk = door.talk()
    talk("MAIL FROM:<>")
    for number in range(ADDRESS_COUNT):
        assert talk(f"RCPT TO:<{robin.address.replace('@', f'+{number}@')}>").startswith("250")
    assert talk(f"RCPT TO:<{robin.address}>").startswith("452 4.5.3")
    talk("DATA")
    talk.send(b"Subject: a\r\n\r\nb\r\n.\r\n")
    assert {talk.reply()[:9] for _ in range(ADDRESS_COUNT)} == {"250 2.1.5"}
    assert Message.objects.count() == ADDRESS_COUNT


def test_more_mail_at_once_than_memory_is_put_off() -> None:
    robin = known_agent()
    with running(held_bytes=200_000) as door:
        slow, quick = door.talk(), door.talk()
        slow.open_mail(robin.address)
        slow.send(b"x" * 150_000 + b"\r\n")
        assert wait_for(lambda: any(one._hands._left < 60_000 for one in door.server._open))
        assert quick.mail(b"y" * 120_000 + b"\r\n", robin.address)[0].startswith("452 4.3.1")
        slow.send(b".\r\n")
        assert slow.reply().startswith("250")
        assert quick.mail(b"y" * 120_000 + b"\r\n", robin.address)[0].startswith("250")


def test_slow_clients_hold_nobody_up(door: Running) -> None:
    robin = known_agent()
    for _ in range(20):  # more than there are threads
        door.talk().open_mail(robin.address)  # and then says nothing
    began = time.monotonic()
    talk = door.talk()
    for _ in range(20):
        assert talk.mail(mail(), robin.address)[0].startswith("250")
    assert time.monotonic() - began < 15


def test_who_says_nothing_is_let_go() -> None:
    _let_go(known_agent().address)
    assert not Message.objects.exists()


@thrice
def _let_go(address: str) -> None:
    with running(idle=0.5) as door:
        silent, dripping = door.talk(), door.talk()
        dripping.open_mail(address)
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - began < 3:  # each octet within the time, the mail beyond it
                dripping.send(b"x")
                time.sleep(0.1)
        assert 0.4 < time.monotonic() - began < 2.5
        assert silent.reply().startswith("421 4.4.2")
        assert silent.reply() == ""


def test_one_connection_too_many_is_told_to_come_again() -> None:
    with running(connections=2) as door:
        first, _second = door.talk(), door.talk()
        third = door.talk(hello=False)
        assert third.greeting.startswith("421 4.3.2")
        assert third.reply() == ""
        first("QUIT")
        assert first.reply() == ""
        assert door.talk().greeting.startswith("220")


def test_without_a_database_every_mail_is_put_off(door: Running) -> None:
    robin = known_agent()
    talk, in_mail = door.talk(), door.talk()
    raw = mail()
    in_mail.open_mail(robin.address, robin.address)
    with shut():
        recipients.forget()
        talk("MAIL FROM:<>")
        assert talk(f"RCPT TO:<{robin.address}>").startswith("451 4.3.0")
        in_mail.send(raw + b".\r\n")
        assert [in_mail.reply()[:9] for _ in range(2)] == ["451 4.3.0"] * 2
    assert talk("RSET").startswith("250")
    assert talk.mail(raw, robin.address)[0].startswith("250")
    assert stored() == [raw]


def test_at_the_end_what_is_being_stored_is_answered() -> None:
    """The row is held up by a lock until the door was told to stop."""
    robin = known_agent()
    with running() as door:
        idle, talk = door.talk(), door.talk()
        talk.open_mail(robin.address)
        with psycopg.connect(superuser_of_tests(), dbname=str(connection.settings_dict["NAME"])) as holder:
            holder.execute("LOCK TABLE postbox.messages IN ACCESS EXCLUSIVE MODE")
            talk.send(mail() + b".\r\n")
            assert wait_for(lambda: any(one.storing for one in door.server._open))
            door.stop()
            assert idle.reply().startswith("421 4.3.2")
            release = threading.Timer(0.5, holder.commit)
            release.start()
            assert talk.reply().startswith("250 2.1.5")
            release.join()
        assert Message.objects.count() == 1
