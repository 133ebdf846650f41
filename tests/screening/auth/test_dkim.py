"""DKIM: signatures of another program hold, and every trick with them does not."""

from __future__ import annotations

import base64
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dkim.canonicalization import Relaxed, Simple
from hypothesis import given
from hypothesis import strategies as st

from postbox.mail.models import AuthResult
from postbox.screening.auth.dkim import MOST_SIGNATURES, Signature, check_dkim, verdict
from postbox.screening.auth.findings import Missing
from postbox.screening.auth.signed import split
from tests.screening.auth.signing import ed25519_signed, key_record, plain, resigned, resolver, signed

WREN = ("s1._domainkey.wren.example", "TXT")
ZONE = {WREN: [key_record()]}


def results(
    raw: bytes, zone: dict[tuple[str, str], list[str]] | None = None, author: str = "wren.example"
) -> list[Signature]:
    return check_dkim(split(raw), author, resolver(ZONE if zone is None else zone), time.time())


def result(raw: bytes, zone: dict[tuple[str, str], list[str]] | None = None) -> str:
    return verdict(results(raw, zone))


@pytest.mark.parametrize("head", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
@pytest.mark.parametrize("text", ["", "One\r\n", "No end", " a \t b \r\n\r\n \r\n\r\n", "\r\n\r\n"])
def test_signatures_of_another_program_hold(head: bytes, body: bytes, text: str) -> None:
    raw = signed(plain(extra="X-Folded: one\r\n\ttwo  three\r\n", body=text), "wren.example", canonicalize=(head, body))
    assert results(raw) == [Signature(AuthResult.PASS, "wren.example")]
    assert result(raw.replace(b"Delivery", b"Refund")) == AuthResult.FAIL
    assert result(raw + b"more\r\n") == AuthResult.FAIL


def test_line_ends_without_cr_are_read_as_they_were_sent() -> None:
    assert result(signed(plain(), "wren.example").replace(b"\r\n", b"\n")) == AuthResult.PASS


def test_ed25519() -> None:
    key = Ed25519PrivateKey.generate()
    public = base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    raw = ed25519_signed(plain(), "wren.example", key)
    zone = {("ed._domainkey.wren.example", "TXT"): [f"k=ed25519; p={public}"]}
    assert result(raw, zone) == AuthResult.PASS
    assert result(raw.replace(b"Thursday", b"Friday"), zone) == AuthResult.FAIL


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (key_record(tags="v=DKIM1;"), AuthResult.PASS),
        (key_record(tags=""), AuthResult.PASS),
        (key_record(tags="v=DKIM1; t=y; s=email; h=sha1:sha256; "), AuthResult.PASS),
        (key_record(tags="v=DKIM2; "), AuthResult.PERMERROR),
        (key_record(tags="k=rsa; v=DKIM1; "), AuthResult.PERMERROR),
        (key_record(tags="h=sha1; "), AuthResult.PERMERROR),
        (key_record(tags="s=tlsrpt; "), AuthResult.PERMERROR),
        (key_record(tags="k=ed25519; "), AuthResult.PERMERROR),
        ("v=DKIM1; p=", AuthResult.PERMERROR),
        ("v=DKIM1; p=AAAA", AuthResult.PERMERROR),
        ("v=DKIM1; p=%%%", AuthResult.PERMERROR),
        ("nonsense", AuthResult.PERMERROR),
    ],
)
def test_key_records(record: str, expected: str) -> None:
    assert result(signed(plain(), "wren.example"), {WREN: [record]}) == expected


def test_no_key_two_keys_and_no_answer() -> None:
    raw = signed(plain(), "wren.example")
    assert result(raw, {}) == AuthResult.PERMERROR
    assert result(raw, {WREN: [key_record(), key_record()]}) == AuthResult.PERMERROR
    broken = resolver(ZONE, frozenset({WREN[0]}))
    assert verdict(check_dkim(split(raw), "", broken, time.time())) == AuthResult.TEMPERROR


def test_a_weak_key_does_not_count() -> None:
    raw = signed(plain(), "wren.example", bits=1024)
    assert result(raw, {WREN: [key_record(1024)]}) == AuthResult.PASS
    modulus = (1 << 767 | 1).to_bytes(97)  # a key of 768 bits, as RFC 8017 writes it
    key = b"\x30\x68\x02\x61" + modulus + b"\x02\x03\x01\x00\x01"
    found = results(raw, {WREN: [f"v=DKIM1; p={base64.b64encode(key).decode()}"]})
    assert [one.result for one in found] == [AuthResult.PERMERROR]


def test_a_signature_of_a_part_of_the_body_counts_as_none() -> None:
    raw = signed(plain(), "wren.example", length=True)
    assert result(raw) == AuthResult.PASS  # all of it
    assert results(raw + b"Pay here.\r\n") == [
        Signature(AuthResult.NONE, "wren.example", "it covers a part of the body")
    ]


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("", AuthResult.PASS),
        ("x={soon}; ", AuthResult.PASS),
        ("x={before}; ", AuthResult.FAIL),
        ("t={before}; x={soon}; ", AuthResult.PASS),
        ("t={late}; ", AuthResult.FAIL),
        ("t=2000; x=1000; ", AuthResult.FAIL),
        ("x=soon; ", AuthResult.PERMERROR),
        ("l=-1; ", AuthResult.PERMERROR),
        ("l=0; ", AuthResult.NONE),
        ("l=99999; ", AuthResult.FAIL),
        ("i=ann@wren.example; ", AuthResult.PASS),
        ("i=@mail.wren.example; ", AuthResult.PASS),
        ("i=@notwren.example; ", AuthResult.PERMERROR),
        ("i=@lark.example; ", AuthResult.PERMERROR),
        ("q=dns/txt; ", AuthResult.PASS),
        ("q=finger; ", AuthResult.PERMERROR),
        ("z=From:ann; unknown=1; ", AuthResult.PASS),
        ("d=lark.example; ", AuthResult.PERMERROR),  # twice
    ],
)
def test_tags(extra: str, expected: str) -> None:
    now = int(time.time())
    extra = extra.format(soon=now + 1000, before=now - 1000, late=now + 900_000)
    assert result(resigned(plain(), "wren.example", extra)) == expected


def test_a_key_for_the_very_domain_alone() -> None:
    zone = {WREN: [key_record(tags="t=s; ")]}
    assert result(resigned(plain(), "wren.example", "i=@wren.example; "), zone) == AuthResult.PASS
    assert result(resigned(plain(), "wren.example", "i=@mail.wren.example; "), zone) == AuthResult.FAIL


def test_from_must_be_signed_and_oversigning_keeps_a_second_out() -> None:
    assert result(resigned(plain(), "wren.example", "", "to:subject")) == AuthResult.PERMERROR
    raw = resigned(plain(), "wren.example", "", "from:from:to:subject:subject")
    assert result(raw) == AuthResult.PASS
    assert result(b"Subject: Refund\r\n" + raw) == AuthResult.FAIL
    assert result(b"From: Eve <eve@evil.example>\r\n" + raw) == AuthResult.FAIL


def test_rsa_sha1_does_not_count() -> None:
    raw = signed(plain(), "wren.example").replace(b"a=rsa-sha256", b"a=rsa-sha1")
    assert result(raw) == AuthResult.PERMERROR


def test_so_many_signatures_are_looked_at_and_the_authors_first() -> None:
    raw = signed(plain(), "wren.example")
    for number in range(MOST_SIGNATURES + 4):
        raw = signed(raw, f"other{number}.example")
    asked = []

    def ask(name: str, rdtype: str) -> list[str]:
        asked.append(name)
        return ZONE.get((name, rdtype), [])

    found = check_dkim(split(raw), "wren.example", ask, time.time())
    assert found[0] == Signature(AuthResult.PASS, "wren.example")
    assert len(found) == len(asked) == MOST_SIGNATURES


def test_all_keys_are_asked_for_at_once() -> None:
    def ask(name: str, rdtype: str) -> list[str]:
        raise Missing([(name, rdtype)])

    raw = signed(signed(plain(), "wren.example"), "lark.example", selector="k2")
    with pytest.raises(Missing) as lacking:
        check_dkim(split(raw), "wren.example", ask, time.time())
    assert lacking.value.questions == {WREN, ("k2._domainkey.lark.example", "TXT")}


BODIES = st.lists(st.sampled_from([b"\r\n", b" ", b"\t", b"a", b"bc", b"\r\n\r\n"]), max_size=25).map(b"".join)


@given(BODIES)
def test_canonical_bodies_are_those_of_another_program(body: bytes) -> None:
    mail = split(b"From: a@b.example\r\n\r\n" + body)
    assert mail.canonical_body(False) == Simple.canonicalize_body(body)
    # Theirs leaves blanks at the very end of a body without a last line end; RFC 6376, section 3.4.4 ignores them.
    assert mail.canonical_body(True) == Relaxed.canonicalize_body(
        body if body.endswith(b"\r\n") or not body else body + b"\r\n"
    )


@pytest.mark.parametrize("body", [b" " * 400_000, b"\r\n" * 200_000, b" \t" * 200_000 + b"x", b"\r" * 400_000])
def test_canonical_forms_take_linear_time(body: bytes) -> None:
    mail = split(b"From: a@b.example\r\n\r\n" + body)
    began = time.process_time()
    mail.canonical_body(True)
    mail.canonical_body(False)
    assert time.process_time() - began < 0.5
