"""Who takes too much of the SMTP door's time, connections and memory."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from postbox.ingest.lmtp import conversation, server
from postbox.ingest.smtp import protocol
from postbox.ingest.smtp.protocol import SmtpConversation
from postbox.mail.models import Message
from tests.config.processes import wait_for
from tests.ingest.lmtp.door import Running, running
from tests.people import known_agent, mail
from tests.stalls import thrice

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def door() -> Iterator[Running]:
    with running(kind=SmtpConversation) as made:
        yield made


def test_who_asks_for_many_that_nobody_knows_is_sent_away(door: Running) -> None:
    talk = door.talk()
    talk("MAIL FROM:<>")
    for number in range(protocol.ERRORS):
        assert talk(f"RCPT TO:<a{number}@agents.localhost>").startswith("550")
    assert talk.reply().startswith("421 4.7.0")
    assert talk.reply() == ""


def test_a_command_said_without_end_ends_the_connection(door: Running) -> None:
    talk = door.talk()
    talk.send(b"VRFY a\r\n" * 60)
    replies = [talk.reply() for _ in range(51)]
    assert replies[49].startswith("252")
    assert replies[50].startswith("421 4.7.0")
    assert talk.reply() == ""


@pytest.mark.parametrize("line", [b"\r\n", b"\n", b"\xff\r\n", b"4111111111111111 x\r\n", b"FOO\r\n"])
def test_who_says_no_commands_is_sent_away_soon(door: Running, line: bytes) -> None:
    talk = door.talk()
    talk.send(line * 1000)
    with contextlib.suppress(ConnectionError):
        replies = list(iter(talk.reply, ""))
    assert [reply[:4] for reply in replies] == ["500 "] * 4 + ["502 "]


def test_lines_have_a_length(door: Running) -> None:
    robin = known_agent()
    talk = door.talk()
    assert talk(f"MAIL FROM:<{'a' * 3000}@b.example>").startswith("500")
    assert talk("NOOP " + "x" * 200_000).startswith("500")
    assert talk.mail(mail(text="x" * 60_000), robin.address)[0].startswith("250")
    assert talk.mail(mail(text="x" * 70_000), robin.address)[0].startswith("500 5.5.2")
    assert talk("NOOP").startswith("250")
    assert Message.objects.count() == 1


def test_a_client_has_a_share_of_the_connections_and_of_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    robin = known_agent()
    monkeypatch.setattr(server, "MESSAGE_BYTES", 0)
    with running(kind=SmtpConversation, each=2, held_bytes=800_000) as door:
        first, second = door.talk(), door.talk()
        third = door.talk(hello=False)
        assert third.greeting.startswith("421 4.7.0")
        assert third.reply() == ""
        first.open_mail(robin.address)
        large = (b"x" * 50_000 + b"\r\n") * 3
        first.send(large)
        assert wait_for(lambda: any(one._hands._left < 120_000 for one in door.server._open))
        assert second.mail(large, robin.address)[0].startswith("452 4.3.1")
        assert door.talk(client="127.0.0.2").mail(large, robin.address)[0].startswith("250")
        first.send(b".\r\n")
        assert first.reply().startswith("250")
        assert first("QUIT").startswith("221")
        assert first.reply() == ""
        assert door.talk().greeting.startswith("220")


@thrice
def test_who_does_not_read_its_replies_is_cut_off_and_not_counted_for_ever() -> None:
    with running(kind=SmtpConversation, idle=0.5) as door:
        deaf = door.talk()
        deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.socket.settimeout(0.2)
        with contextlib.suppress(OSError):
            for _ in range(10_000):
                deaf.send(b"EHLO x\r\n" * 1000)
        assert wait_for(lambda: not door.server._open)


PIECE = b"x" * 64_000 + b"\r\n"


def test_a_slow_mail_may_take_its_time_but_not_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    robin = known_agent()
    _takes_its_time(robin.address)
    stored = Message.objects.count()
    monkeypatch.setattr(conversation, "MAIL_SECONDS", 0.8)
    _takes_too_long(robin.address)
    assert Message.objects.count() == stored >= 1


@thrice
def _takes_its_time(address: str) -> None:
    with running(kind=SmtpConversation, idle=1.0) as door:
        talk = door.talk()
        talk.open_mail(address)
        for _ in range(12):  # each within the time, all together beyond it
            talk.send(PIECE * 3)
            time.sleep(0.1)
        talk.send(b".\r\n")
        assert talk.reply().startswith("250")


@thrice
def _takes_too_long(address: str) -> None:
    with running(kind=SmtpConversation, idle=1.0) as door:
        talk = door.talk()
        talk.open_mail(address)
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - began < 5:
                talk.send(PIECE * 3)
                time.sleep(0.1)
        assert time.monotonic() - began < 4
