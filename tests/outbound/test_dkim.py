"""What leaves is signed: another implementation verifies it by the record that the domain is told to publish."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from outbound import work
from outbound.dkim import signature, signed
from outbound.transports.base import Letter, Result, same
from outbound.transports.base import Outcome as Said
from postbox.identity.domain import dkim as keys
from postbox.identity.domain.checking import described
from postbox.identity.models import DkimKey, Domain
from tests.callers import call
from tests.people import Known, known_agent
from tests.people import mail as letter_of

KEY = keys.SigningKey("agents.localhost", "pbx1", generate_private_key(public_exponent=65537, key_size=2048))


class Kept:
    """A transport that keeps what it is given."""

    name = "kept"

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def ship(self, letters: Sequence[Letter]) -> list[Result]:
        self.letters += letters
        return [same(letter, Said.ACCEPTED) for letter in letters]

    def close(self) -> None:
        """Nothing."""


@pytest.fixture
def robin(transactional_db: None) -> Known:
    return known_agent()


def sent(robin: Known, **more: object) -> bytes:
    body = {"to": "ann@ek.example", "subject": "Grüße", "text": "Hello\n..\n \n", "html": "<p>Hello"} | more
    assert call("/send", body, robin.agent_key).status == 202
    way = Kept()
    work.run(way)
    return way.letters[0].raw


def published() -> dict[str, str]:
    rows = [row for domain in Domain.objects.all() for row in described(domain) if row["kind"] == "dkim"]
    return {row["name"]: row["value"] for row in rows}


def verifies(raw: bytes, zone: dict[str, str]) -> bool:
    found: bool = dkim.verify(raw, dnsfunc=lambda name, timeout=5: zone.get(name.decode().rstrip("."), "").encode())
    return found


def test_what_leaves_verifies_by_the_record_that_is_shown(robin: Known) -> None:
    raw = sent(robin, cc="bo@ek.example", in_reply_to="<a@ek.example>")
    zone = published()
    assert len(zone) == 1
    assert verifies(raw, zone)
    assert not verifies(raw, {name: value.replace("p=", "p=A") for name, value in zone.items()})
    head = raw.partition(b"\r\n\r\n")[0]
    assert b"d=agents.localhost;" in head
    assert b"i=robin@agents.localhost;" in head
    assert max(len(line) for line in head.split(b"\r\n")) <= 200


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        (b"Hello", b"Hullo"),
        (b"\r\nTo: ann@", b"\r\nTo: eve@"),
        (b"\r\nFrom: ", b"\r\nFrom: eve@ek.example\r\nFrom: "),
        (b"\r\nSubject: ", b"\r\nSubject: Win\r\nSubject: "),
        (b"\r\nDate: ", b"\r\nReply-To: eve@ek.example\r\nDate: "),
        (b"\r\nMessage-ID: <", b"\r\nMessage-ID: <x"),
    ],
)
def test_what_was_changed_on_its_way_does_not(robin: Known, found: bytes, instead: bytes) -> None:
    raw = sent(robin)
    zone = published()
    assert verifies(raw, zone)
    assert found in raw
    assert not verifies(raw.replace(found, instead), zone)


def test_what_a_relay_may_do_to_blanks_changes_nothing(robin: Known) -> None:
    raw = sent(robin)
    assert verifies(
        raw.replace(b"\r\nTo: ann", b"\r\nTO:\r\n  ann").replace(b"Hello\r\n", b"Hello \t\r\n"), published()
    )


def test_the_private_key_is_sealed(robin: Known) -> None:
    sent(robin)
    row = DkimKey.objects.get()
    assert bytes(row.private)[:1] == b"\x01"
    assert b"\x02\x82\x01\x01" not in bytes(row.private)  # how a 2048-bit number starts in DER
    assert base64.b64decode(row.public)[:1] == b"\x30"


def test_an_agents_own_key_signs_its_mail_alone(robin: Known) -> None:
    wren = known_agent("wren")
    domain = Domain.objects.get()
    own = keys.rotate(domain, agent=robin.agent, actor="test")
    first, second = sent(robin), sent(wren, text="Other words entirely")
    assert f"s={own.selector};".encode() in first
    assert f"s={own.selector};".encode() not in second
    assert verifies(first, published())
    assert verifies(second, published())


@pytest.mark.django_db
def test_a_domain_that_nobody_holds_signs_nothing() -> None:
    assert signed(b"From: a@b.example\r\n\r\nx\r\n", "a@b.example", known_agent().agent.id)[:5] == b"From:"


@pytest.mark.django_db
def test_addresses_that_would_need_encoding_are_left_out_of_the_identity() -> None:
    assert b"i=@agents.localhost;" in signature(letter_of(), KEY, '"a;b"@agents.localhost')


@examples(max_examples=100, deadline=None)
@given(
    body=st.lists(st.text("ab \t.=", max_size=12), max_size=8),
    subject=st.text("ab \t", max_size=30),
    extra=st.lists(st.sampled_from(["To", "Cc", "Reply-To", "References", "X-Other"]), max_size=6),
)
def test_any_mail_that_we_sign_verifies(body: list[str], subject: str, extra: list[str]) -> None:
    head = "".join(f"{name}: a@b.example,\r\n {name}@c.example\r\n" for name in extra)
    raw = f"From: robin@agents.localhost\r\nSubject: a{subject}\r\n{head}\r\n{chr(13) + chr(10)}".encode()
    raw += "\r\n".join(body).encode()
    record = f"v=DKIM1; p={public()}"
    whole = signature(raw, KEY, "robin@agents.localhost") + raw
    assert verifies(whole, {"pbx1._domainkey.agents.localhost": record})
    assert re.match(rb"DKIM-Signature: v=1;", whole)


def public() -> str:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(KEY.private.public_key().public_bytes(serialization.Encoding.DER, kind)).decode()
