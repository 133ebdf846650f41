"""Handing mail to a relay: what its answers mean, and what is never sent twice."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from outbound.transports.base import Letter, Outcome, Result
from outbound.transports.smtp import Smtp, relay_of
from postbox.lib.ids import uuid7
from tests.relay import Relay, relay

BOTH = pytest.mark.parametrize("pipelining", [True, False])


def letter(*addresses: str, text: str = "Hello") -> Letter:
    raw = f"From: robin@agents.localhost\r\nSubject: Hi\r\n\r\n{text}\r\n".encode()
    return Letter(uuid7(), "bounces@agents.localhost", raw, addresses or ("ann@ek.example",))


@pytest.fixture
def transports() -> Iterator[list[Smtp]]:
    made: list[Smtp] = []
    yield made
    for transport in made:
        transport.close()


def ship(server: Relay, transports: list[Smtp], *letters: Letter, tls: str = "tls=off") -> list[Result]:
    transports.append(Smtp(relay_of(f"smtp://127.0.0.1:{server.port}?{tls}")))
    return list(transports[-1].ship(letters))


def outcomes(results: list[Result]) -> list[list[str]]:
    return [[answer.outcome.value for answer in result.answers] for result in results]


@BOTH
def test_mails_go_one_after_the_other_over_one_connection(pipelining: bool, transports: list[Smtp]) -> None:
    with relay(pipelining=pipelining) as server:
        letters = [letter(text=f"Mail {n}\r\n.\r\n..dots\r\nX") for n in range(20)]
        results = ship(server, transports, *letters)
        assert outcomes(results) == [["accepted"]] * 20
        assert [mail.octets.split(b"\r\n\r\n")[1].split(b"\r\n")[0] for mail in server.received] == [
            f"Mail {n}".encode() for n in range(20)
        ]
        assert server.received[3].octets == letters[3].raw
        assert len({mail.session for mail in server.received}) == 1
        list(transports[-1].ship([letter()]))
        assert len({mail.session for mail in server.received}) == 1


@BOTH
def test_each_recipient_has_an_answer_of_its_own(pipelining: bool, transports: list[Smtp]) -> None:
    said = {"full@ek.example": "452 4.2.2 mailbox full", "gone@ek.example": "550 5.1.1 no such user"}
    with relay(pipelining=pipelining, answer_rcpt=lambda address: said.get(address, "250 ok")) as server:
        mixed = letter("ann@ek.example", "full@ek.example", "gone@ek.example")
        nobody = letter("gone@ek.example")
        results = ship(server, transports, mixed, nobody, letter())
        assert outcomes(results) == [["accepted", "temporary", "permanent"], ["permanent"], ["accepted"]]
        assert results[0].answers[2].code == "550"
        assert "5.1.1" in results[0].answers[2].detail
        assert [mail.rcpt_to for mail in server.received] == [["ann@ek.example"], ["ann@ek.example"]]


@BOTH
@pytest.mark.parametrize(("said", "outcome"), [("451 4.3.0 later", "temporary"), ("554 5.7.1 spam", "permanent")])
def test_the_answer_to_the_mail_goes_for_all(pipelining: bool, said: str, outcome: str, transports: list[Smtp]) -> None:
    with relay(pipelining=pipelining, answer_data=lambda mail: said) as server:
        results = ship(server, transports, letter("a@ek.example", "b@ek.example"), letter())
        assert outcomes(results) == [[outcome, outcome], [outcome]]


@BOTH
def test_silence_after_the_end_is_unknown_and_the_rest_waits(pipelining: bool, transports: list[Smtp]) -> None:
    with relay(pipelining=pipelining, rude=lambda mail: b"Mail 1" in mail.octets) as server:
        results = ship(server, transports, *(letter(text=f"Mail {n}") for n in range(4)))
        assert outcomes(results) == [["accepted"], ["unknown"], ["temporary"], ["temporary"]]
        assert len(server.received) == 2  # the fault landed: the relay had the mail and said nothing
        assert outcomes(list(transports[-1].ship([letter()]))) == [["accepted"]]


def test_nobody_there_is_for_now(transports: list[Smtp]) -> None:
    with relay() as server:
        pass
    assert outcomes(ship(server, transports, letter(), letter())) == [["temporary"], ["temporary"]]


def test_without_tls_nothing_is_said_unless_told_so(transports: list[Smtp]) -> None:
    with relay() as server:
        results = ship(server, transports, letter(), tls="tls=required")
        assert outcomes(results) == [["temporary"]]
        assert not server.received


def certificate(folder: Path, **changes: object) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context


def test_over_tls_to_whom_it_knows_and_to_nobody_else(tmp_path: Path, transports: list[Smtp]) -> None:
    with relay(certificate(tmp_path)) as server:
        assert outcomes(ship(server, transports, letter(), tls=f"ca={tmp_path}/ca.pem")) == [["accepted"]]
        stranger = ship(server, transports, letter(), tls="tls=required")
        assert outcomes(stranger) == [["temporary"]]
        assert stranger[0].answers[0].code == "tls_failed"
        assert len(server.received) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://relay.example",
        "smtp://",
        "smtp://relay.example?tls=maybe",
        "smtp://me:pw@relay.example?tls=off",
        "smtp://x?a=b",
    ],
)
def test_addresses_of_relays_that_are_none(url: str) -> None:
    with pytest.raises(ValueError, match="it|its|a password"):
        relay_of(url)


def test_outcomes_are_words_of_rows() -> None:
    assert {outcome.value for outcome in Outcome} == {"accepted", "temporary", "permanent", "unknown"}
