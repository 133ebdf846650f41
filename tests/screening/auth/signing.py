"""Zones and signed mail for tests of authentication.

DKIM's RSA signatures are dkimpy's, so that signer and verifier are not one program; Ed25519's and ARC's are made here.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import dkim
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from postbox.lib.dns import Resolver, TemporaryFailure
from postbox.screening.auth.signed import split

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
Zone = Mapping[tuple[str, str], list[str]]


def resolver(zone: Zone, broken: frozenset[str] = frozenset()) -> Resolver:
    """Answers from a zone; for names in ``broken`` it fails."""

    def ask(name: str, rdtype: str) -> list[str]:
        if name.lower() in broken:
            raise TemporaryFailure("broken on purpose")
        return list(zone.get((name.lower(), rdtype), []))

    return ask


@cache
def rsa_key(bits: int) -> RSAPrivateKey:
    return generate_private_key(65537, bits)


def key_record(bits: int = 2048, tags: str = "v=DKIM1; k=rsa; ") -> str:
    public = rsa_key(bits).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"{tags}p={base64.b64encode(public).decode()}"


def signed(raw: bytes, domain: str, selector: str = "s1", bits: int = 2048, **options: Any) -> bytes:
    """The mail with a DKIM signature of dkimpy's on top."""
    pem = rsa_key(bits).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    options.setdefault("include_headers", [b"from", b"to", b"subject", b"date", b"message-id"])
    return bytes(dkim.sign(raw, selector.encode(), domain.encode(), pem, **options)) + raw


def resigned(raw: bytes, domain: str, extra: str, names: str = "from:to:subject", selector: str = "s1") -> bytes:
    """The mail with a signature that holds and has tags of the caller's own, relaxed/relaxed."""
    mail = split(raw)
    body_hash = base64.b64encode(mail.body_hash(True)).decode()
    head = f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={selector}; h={names}; {extra}"
    field = f"{head}bh={body_hash}; b=".encode()
    octets = b"".join(one.canonical(True) + b"\r\n" for one in mail.chosen(names.split(":")))
    octets += split(field + b"\r\n\r\n").fields[0].canonical(True)
    return field + base64.b64encode(rsa_key(2048).sign(octets, PKCS1v15(), hashes.SHA256())) + b"\r\n" + raw


def ed25519_signed(raw: bytes, domain: str, key: Ed25519PrivateKey) -> bytes:
    """The mail with an Ed25519 signature (RFC 8463)."""
    mail = split(raw)
    body_hash = base64.b64encode(mail.body_hash(True)).decode()
    field = (
        f"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d={domain}; s=ed; h=from:to; bh={body_hash}; b="
    ).encode()
    octets = b"".join(one.canonical(True) + b"\r\n" for one in mail.chosen(["from", "to"]))
    octets += split(field + b"\r\n\r\n").fields[0].canonical(True)
    return field + base64.b64encode(key.sign(hashlib.sha256(octets).digest())) + b"\r\n" + raw


def sealed(
    raw: bytes,
    number: int,
    domain: str,
    seen: str,
    cv: str | None = None,
    selector: str = "s1",
    tags: tuple[str, str] = ("", ""),
) -> bytes:
    """The mail with an ARC set of its own on top (RFC 8617, section 5.1); ``tags``: more for its signature and seal."""
    mail, key = split(raw), rsa_key(2048)

    def signature(octets: bytes) -> bytes:
        return base64.b64encode(key.sign(octets, PKCS1v15(), hashes.SHA256()))

    body_hash = base64.b64encode(mail.body_hash(True)).decode()
    aar = f"ARC-Authentication-Results: i={number}; {seen}".encode()
    ams = (
        f"ARC-Message-Signature: i={number}; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={selector}; "
        f"h=from:to:subject; {tags[0]}bh={body_hash}; b="
    ).encode()
    octets = b"".join(one.canonical(True) + b"\r\n" for one in mail.chosen(["from", "to", "subject"]))
    ams += signature(octets + _canonical(ams))
    cv = cv or ("none" if number == 1 else "pass")
    seal = f"ARC-Seal: i={number}; a=rsa-sha256; cv={cv}; d={domain}; s={selector}; {tags[1]}b=".encode()
    before = b""
    for one in range(1, number):
        for name in ("arc-authentication-results", "arc-message-signature", "arc-seal"):
            before += next(
                field.canonical(True) + b"\r\n"
                for field in mail.named(name)
                if f"i={one};".encode() in field.value.replace(b" ", b"")
            )
    seal += signature(before + _canonical(aar) + b"\r\n" + _canonical(ams) + b"\r\n" + _canonical(seal))
    return b"\r\n".join([seal, ams, aar, b""]) + raw


def _canonical(field: bytes) -> bytes:
    return split(field + b"\r\n\r\n").fields[0].canonical(True)


def plain(
    sender: str = "Ann <ann@wren.example>", extra: str = "", body: str = "Does it arrive on Thursday?\r\n"
) -> bytes:
    """A mail by a sender."""
    return (
        f"From: {sender}\r\nTo: robin@agents.localhost\r\nSubject: Delivery\r\n"
        f"Date: Mon, 16 Nov 2026 09:12:41 +0100\r\nMessage-ID: <{uuid.uuid4()}@wren.example>\r\n{extra}\r\n{body}"
    ).encode()
