"""Public keys from DNS for DKIM and ARC (RFC 6376, section 3.6.1; RFC 8463; RFC 8301).

Decides which keys count: RSA of 1024 to 8192 bits, and Ed25519. A key record that is wrong is a failure for good.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_der_public_key

from postbox.lib.dns import Resolver
from postbox.screening.auth.signed import Malformed, tags

LEAST_BITS, MOST_BITS = 1024, 8192
_ALGORITHMS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}
_SHA256 = Prehashed(hashes.SHA256())


class NoKey(Exception):
    """There is no key that counts; the words say why."""


@dataclass(frozen=True, slots=True)
class Key:
    """``exact``: the signer's identity must be of the very domain (flag ``s``)."""

    public: RSAPublicKey | Ed25519PublicKey
    exact: bool

    def verifies(self, signature: bytes, digest: bytes) -> bool:
        """Whether the signature is this key's over a SHA-256 digest."""
        try:
            if isinstance(self.public, RSAPublicKey):
                self.public.verify(signature, digest, PKCS1v15(), _SHA256)
            else:
                self.public.verify(signature, digest)
        except InvalidSignature:
            return False
        return True


def knows(algorithm: str) -> bool:
    """Whether signatures of this kind count; ``rsa-sha1`` does not (RFC 8301)."""
    return algorithm in _ALGORITHMS


def key_of(selector: str, domain: str, algorithm: str, ask: Resolver) -> Key:
    """The key of a selector. Raises NoKey; TemporaryFailure and Missing pass through."""
    records = ask(f"{selector}._domainkey.{domain}", "TXT")
    if not records:
        raise NoKey("there is no key")
    if len(records) > 1:
        raise NoKey("there is more than one key record")
    return _key(records[0], _ALGORITHMS[algorithm])


@lru_cache(1024)
def _key(record: str, kind: str) -> Key:
    try:
        found = tags(record.encode())
    except Malformed as error:
        raise NoKey("the key record is malformed") from error
    if found.get("v", "DKIM1") != "DKIM1" or ("v" in found and next(iter(found)) != "v"):
        raise NoKey("the key record is of another version")
    if found.get("k", "rsa") != kind:
        raise NoKey("the key is of another kind than the signature")
    if "sha256" not in _listed(found.get("h", "sha256")) or not _listed(found.get("s", "*")) & {"*", "email"}:
        raise NoKey("the key is not for this")
    if not found.get("p"):
        raise NoKey("the key was revoked" if "p" in found else "the key record holds no key")
    return Key(_public(found["p"], kind), "s" in _listed(found.get("t", "")))


def _listed(text: str) -> set[str]:
    return {item.strip() for item in text.split(":")}


def _public(text: str, kind: str) -> RSAPublicKey | Ed25519PublicKey:
    try:
        octets = base64.b64decode("".join(text.split()), validate=True)
        if kind == "ed25519":
            return Ed25519PublicKey.from_public_bytes(octets)
        key = _rsa(octets)
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm) as error:
        raise NoKey("the key cannot be read") from error
    if not LEAST_BITS <= key.key_size <= MOST_BITS:
        raise NoKey(f"a key of {key.key_size} bits does not count")
    return key


def _rsa(octets: bytes) -> RSAPublicKey:
    """From a SubjectPublicKeyInfo, or an RSAPublicKey alone as some publish it (RFC 6376, erratum 3017)."""
    try:
        key = load_der_public_key(octets)
    except ValueError:
        key = _bare_rsa(octets)
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")
    return key


def _bare_rsa(octets: bytes) -> RSAPublicKey:
    rest, _ = _element(octets, 0x30)
    modulus, rest = _element(rest, 0x02)
    exponent, _ = _element(rest, 0x02)
    return RSAPublicNumbers(int.from_bytes(exponent), int.from_bytes(modulus)).public_key()


def _element(octets: bytes, wanted: int) -> tuple[bytes, bytes]:
    """One element of DER: its content, and what follows it."""
    if len(octets) < 2 or octets[0] != wanted:
        raise ValueError("not DER")
    length, start = octets[1], 2
    if length & 0x80:
        start = 2 + (length & 0x7F)
        length = int.from_bytes(octets[2:start])
    return octets[start : start + length], octets[start + length :]
