"""Envelope encryption: how a key seals bytes and how a key is wrapped by another.

Decides the format (AES-256-GCM, NIST SP 800-38D) and the associated data; never where keys are kept.
A sealed value is ``version (1 octet) | nonce (12) | ciphertext and tag``. The associated data names what the
value is (``id|part|agent``), so a ciphertext may move between spool, table and bucket but never stand for another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# As a column gives it.
Sealed = bytes | memoryview

KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = b"\x01"


class SealBroken(Exception):
    """The sealed bytes were changed, moved to another name, or sealed by another key."""


class MasterKeyMissing(Exception):
    """No configured master key opens this wrapped key."""


def new_key() -> bytes:
    """A random 256-bit key."""
    return os.urandom(KEY_BYTES)


def seal(key: bytes, plaintext: bytes, context: str) -> bytes:
    """``plaintext`` under ``key``, bound to ``context``."""
    nonce = os.urandom(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plaintext, context.encode())


def open_sealed(key: bytes, sealed: Sealed, context: str) -> bytes:
    """The plaintext of ``seal``. Raises SealBroken when key, bytes or context do not fit."""
    value = bytes(sealed)
    if value[:1] != _VERSION:
        raise SealBroken("unknown version of a sealed value")
    nonce, body = value[1 : 1 + _NONCE_BYTES], value[1 + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, body, context.encode())
    except (InvalidTag, ValueError) as error:
        raise SealBroken("a sealed value does not open") from error


def part_context(row_id: object, part: str, agent: object) -> str:
    """The associated data of one part of one row: ``id|part|agent``."""
    return f"{row_id}|{part}|{agent}"


class MasterKeys:
    """The operator's master keys: the first wraps, all unwrap, so that keys can be rotated.

    ``text`` is comma-separated base64 of 32 octets each (``POSTBOX_MASTER_KEYS``). Raises ValueError when it is not.
    """

    def __init__(self, text: str) -> None:
        self._keys = [_decode_key(item.strip()) for item in text.split(",") if item.strip()]
        if not self._keys:
            raise ValueError("POSTBOX_MASTER_KEYS holds no key")

    def wrap(self, key: bytes, context: str) -> bytes:
        """``key`` sealed by the first master key."""
        return seal(self._keys[0], key, context)

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The key in ``wrapped``. Raises MasterKeyMissing when no master key fits."""
        for master in self._keys:
            try:
                return open_sealed(master, wrapped, context)
            except SealBroken:
                continue
        raise MasterKeyMissing("no configured master key opens this key; was one removed too early?")

    def derive(self, purpose: str) -> bytes:
        """A key for keyed hashes of content, one a purpose, stable while the last master key stays.

        HKDF is not needed: the input is uniform, so one HMAC is a sound expansion (RFC 5869, section 3.3).
        """
        return hmac.new(self._keys[-1], b"postbox-derive|" + purpose.encode(), hashlib.sha256).digest()


def _decode_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("a master key is not base64") from error
    if len(key) != KEY_BYTES:
        raise ValueError(f"a master key must be {KEY_BYTES} octets, this one has {len(key)}")
    return key
