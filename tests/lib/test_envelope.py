from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.lib.envelope import MasterKeyMissing, MasterKeys, SealBroken, new_key, open_sealed, part_context, seal

OLD, NEW = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))


@given(st.binary(max_size=2000), st.text(max_size=60))
def test_what_was_sealed_opens(plaintext: bytes, context: str) -> None:
    key = new_key()
    assert open_sealed(key, seal(key, plaintext, context), context) == plaintext


@given(st.binary(min_size=1, max_size=200), st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_any_changed_octet_is_found(plaintext: bytes, place: int, change: int) -> None:
    key = new_key()
    sealed = bytearray(seal(key, plaintext, "x"))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(SealBroken):
        open_sealed(key, bytes(sealed), "x")


def test_a_ciphertext_never_stands_for_another_part_or_message() -> None:
    key = new_key()
    sealed = seal(key, b"text", part_context("m1", "content", "a1"))
    for other in (("m2", "content", "a1"), ("m1", "raw", "a1"), ("m1", "content", "a2")):
        with pytest.raises(SealBroken):
            open_sealed(key, sealed, part_context(*other))


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x02" + b"x" * 40, b"\x01" + b"x" * 12])
def test_rubbish_is_refused(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        open_sealed(new_key(), sealed, "x")


def test_the_first_master_key_wraps_and_all_unwrap() -> None:
    key = new_key()
    before = MasterKeys(OLD).wrap(key, "agent")
    rotated = MasterKeys(f"{NEW}, {OLD}")
    assert rotated.unwrap(before, "agent") == key
    assert MasterKeys(NEW).unwrap(rotated.wrap(key, "agent"), "agent") == key
    with pytest.raises(MasterKeyMissing):
        MasterKeys(NEW).unwrap(before, "agent")


def test_derived_keys_differ_by_purpose_and_stay_through_a_rotation() -> None:
    assert MasterKeys(OLD).derive("a") != MasterKeys(OLD).derive("b")
    assert MasterKeys(OLD).derive("a") == MasterKeys(f"{NEW},{OLD}").derive("a")


@pytest.mark.parametrize("text", ["", " , ", "not base64!", base64.b64encode(b"short").decode()])
def test_unusable_master_keys_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="key"):
        MasterKeys(text)
