"""Signatures: the published vector, an independent verifier, and what must not pass."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from postbox.lib import signing

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_vector() -> None:
    key = signing.secret_octets(SECRET)
    assert signing.standard_signature([key], ID, AT, BODY) == SIGNATURE
    assert signing.verify_standard(key, ID, str(AT), SIGNATURE, BODY, now=AT + 1)


def test_the_hex_signature_is_over_timestamp_and_body() -> None:
    key = signing.secret_octets(SECRET)
    expected = hmac.new(base64.b64decode(SECRET[6:]), b"1614265330." + BODY, hashlib.sha256).hexdigest()
    assert signing.hex_signature(key, AT, BODY) == expected
    assert signing.verify_hex(key, str(AT), expected, BODY, now=AT)


@given(st.text(), st.sampled_from([1, 2, 3]))
def test_the_public_verifier_takes_what_any_live_secret_signed(text: str, count: int) -> None:
    secrets = [signing.new_secret() for _ in range(count)]
    body = json.dumps({"text": text}).encode()
    headers = signing.headers([signing.secret_octets(secret) for secret in secrets], ID, int(time.time()), body)
    for secret in secrets:
        assert Webhook(secret).verify(body, headers) == {"text": text}


@given(st.binary(max_size=200), st.integers(0, 10**9))
def test_both_verify_their_own_and_nothing_changed(body: bytes, at: int) -> None:
    key, other = os.urandom(32), os.urandom(32)
    headers = signing.headers([key], ID, at, body)
    standard, plain, sent = headers["webhook-signature"], headers["x-agentpack-signature"], str(at)
    assert signing.verify_standard(key, ID, sent, standard, body, now=at)
    assert signing.verify_hex(key, sent, plain, body, now=at)
    assert not signing.verify_standard(other, ID, sent, standard, body, now=at)
    assert not signing.verify_standard(key, "msg_other", sent, standard, body, now=at)
    assert not signing.verify_standard(key, ID, sent, standard, body + b" ", now=at)
    assert not signing.verify_hex(other, sent, plain, body, now=at)
    assert not signing.verify_hex(key, str(at + 1), plain, body, now=at)


@pytest.mark.parametrize("off", [-301, 301])
def test_an_old_or_early_timestamp_does_not_pass(off: int) -> None:
    key = os.urandom(32)
    headers = signing.headers([key], ID, AT, BODY)
    assert not signing.verify_standard(key, ID, str(AT), headers["webhook-signature"], BODY, now=AT + off)
    assert not signing.verify_hex(key, str(AT), headers["x-agentpack-signature"], BODY, now=AT + off)


@pytest.mark.parametrize("timestamp", ["", "-1", "1.0", "٣", " 1614265330", "1" * 40, "nan"])
def test_a_timestamp_that_is_no_number_does_not_pass(timestamp: str) -> None:
    key = signing.secret_octets(SECRET)
    assert not signing.verify_standard(key, ID, timestamp, SIGNATURE, BODY, now=AT)
    assert not signing.verify_hex(key, timestamp, "00" * 32, BODY, now=AT)


def test_one_of_several_signatures_is_enough() -> None:
    key = signing.secret_octets(SECRET)
    assert signing.verify_standard(key, ID, str(AT), f"v1a,zzz v1,AAAA {SIGNATURE}", BODY, now=AT)
    assert not signing.verify_standard(key, ID, str(AT), "v1a,zzz v1,AAAA", BODY, now=AT)
    assert not signing.verify_standard(key, ID, str(AT), "", BODY, now=AT)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_!!!!", "whsec_YWJj", "whsec_" + base64.b64encode(b"x" * 65).decode()]
)
def test_what_is_no_secret(secret: str) -> None:
    with pytest.raises(ValueError, match="webhook secret"):
        signing.secret_octets(secret)
