"""STARTTLS at both doors: 1.2 or better, what was said before it counts for nothing, and it can be required."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from postbox.ingest.lmtp import tls
from postbox.ingest.lmtp.conversation import Conversation
from postbox.ingest.lmtp.protocol import LmtpConversation
from postbox.ingest.smtp.protocol import SmtpConversation
from postbox.mail.models import Message
from tests.config.processes import wait_for
from tests.ingest.lmtp.door import Running, running
from tests.outbound.test_smtp import certificate
from tests.people import known_agent, mail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    certificate(tmp_path)
    return tmp_path / "ca.pem", tmp_path / "key.pem"


@pytest.fixture(params=[LmtpConversation, SmtpConversation])
def kind(request: pytest.FixtureRequest) -> type[Conversation]:
    given: type[Conversation] = request.param
    return given


@pytest.fixture
def door(files: tuple[Path, Path], kind: type[Conversation]) -> Iterator[Running]:
    with running(kind=kind, tls=tls.of(*files)) as made:
        yield made


def client(files: tuple[Path, Path], version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(files[0]))
    if version:
        context.minimum_version = context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_mail_comes_in_by_tls(door: Running, files: tuple[Path, Path], version: ssl.TLSVersion) -> None:
    robin = known_agent()
    talk = door.talk()
    assert "STARTTLS" in talk.offered
    assert talk("STARTTLS").startswith("220 2.0.0")
    talk.wrapped(client(files, version))
    assert talk("MAIL FROM:<>").startswith("503 5.5.1")  # the greeting is to be said again
    offered = talk(talk.hello)
    assert "STARTTLS" not in offered
    assert "AUTH" not in offered  # the library's own, now that a password would be safe
    assert talk("AUTH PLAIN AGEAYg==").startswith("502 5.5.1")
    assert talk("STARTTLS").startswith("503 5.5.1")
    assert talk.mail(mail(text=f"{'x' * 60_000}\r\n" * 5), robin.address)[0].startswith("250 2.")
    row = Message.objects.get()
    if talk.hello.startswith("EHLO"):  # the connection itself; at LMTP the mail server tells of its own
        assert row.tls.startswith({"TLSv1_2": "TLSv1.2 ", "TLSv1_3": "TLSv1.3 TLS_"}[version.name])
    assert talk("QUIT").startswith("221")


def test_what_is_older_than_1_2_gets_no_connection(door: Running, files: tuple[Path, Path]) -> None:
    talk = door.talk()
    talk("STARTTLS")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context = client(files, ssl.TLSVersion.TLSv1_1)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        talk.wrapped(context)
    assert door.talk()("NOOP").startswith("250")


def test_what_was_said_before_counts_for_nothing_after(door: Running, files: tuple[Path, Path]) -> None:
    """RFC 3207, section 4.2; and commands sent along with STARTTLS in the clear are not carried out in TLS."""
    robin = known_agent()
    talk = door.talk()
    talk("XFORWARD ADDR=192.0.2.99 HELO=forged.example")  # which SMTP does not know
    talk("MAIL FROM:<forged@x.example>")
    talk.send(f"STARTTLS\r\n{talk.hello.replace('mx', 'injected')}\r\nMAIL FROM:<forged@x.example>\r\n".encode())
    assert talk.reply().startswith("220")
    talk.wrapped(client(files))
    assert talk("MAIL FROM:<ann@mercer-bikes.example>").startswith("503 5.5.1")
    talk(talk.hello)
    assert talk.mail(mail(), robin.address)[0].startswith("250")
    row = Message.objects.get()
    known = ("127.0.0.1", "mx.example") if talk.hello.startswith("EHLO") else (None, "")
    assert (row.mail_from, row.client_ip, row.helo) == ("ann@mercer-bikes.example", *known)


def test_it_can_be_required(files: tuple[Path, Path], kind: type[Conversation]) -> None:
    robin = known_agent()
    with running(kind=kind, tls=tls.of(*files, required=True)) as door:
        talk = door.talk()
        for command in ("MAIL FROM:<>", f"RCPT TO:<{robin.address}>"):
            assert talk(command).startswith("530 5.7.0")
        if kind is LmtpConversation:
            assert talk("XFORWARD ADDR=192.0.2.1").startswith("530 5.7.0")
        assert talk("NOOP").startswith("250")
        talk("STARTTLS")
        talk.wrapped(client(files))(talk.hello)
        assert talk.mail(mail(), robin.address)[0].startswith("250")


def test_without_a_certificate_it_is_not_offered() -> None:
    with running() as door:
        talk = door.talk()
        assert "STARTTLS" not in talk.offered
        assert talk("STARTTLS")[0] in "45"
        assert talk("NOOP").startswith("250")


def test_a_handshake_that_is_none_ends_that_connection_alone(door: Running, caplog: pytest.LogCaptureFixture) -> None:
    talk = door.talk()
    talk("STARTTLS")
    talk.send(b"this is no handshake\r\n" * 10)
    talk.socket.settimeout(30)
    with pytest.raises((ConnectionError, StopIteration)):  # noqa: PT012
        while talk.socket.recv(4096):
            pass
        raise StopIteration
    gone = door.talk()
    gone("STARTTLS")
    gone.close()
    assert door.talk()("NOOP").startswith("250")
    assert wait_for(lambda: len(door.server._open) == 1)  # none of them is counted for ever
    assert not [one for one in caplog.records if one.name.startswith("postbox")]


def test_a_certificate_that_is_not_there_stops_the_door(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"cert\.pem"):
        tls.of(tmp_path / "cert.pem", tmp_path / "key.pem")


def test_a_connection_that_says_nothing_after_starttls_holds_nobody_up(door: Running) -> None:
    silent = [door.talk() for _ in range(10)]
    for talk in silent:
        talk("STARTTLS")
    assert isinstance(silent[0].socket, socket.socket)
    assert door.talk()("NOOP").startswith("250")
