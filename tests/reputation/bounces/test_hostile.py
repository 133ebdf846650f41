"""Mail that means harm: nothing raises, and each ends within a second."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reputation.bounces import Bounce, is_hard_bounce, read_bounces
from tests.reputation.bounces.judging import SAMPLES

SECOND = 1.0
HEAD = b"From: MAILER-DAEMON@x.example\nTo: a@b.example\nSubject: Undelivered mail\nReturn-Path: <>\n"
REPORT = HEAD + (
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\n%s\n"
    b"--b\nContent-Type: message/delivery-status\n\n%s\n--b--\n"
)
GROUP = b"Final-Recipient: rfc822; u%d@b.example\nAction: failed\nStatus: 5.0.0\n%s\n"
HOSTILE = {
    "at signs": HEAD + b"\n" + b"a@" * 100_000,
    "a long word": HEAD + b"\n" + b"a" * 200_000 + b"@b.example",
    "a line for each of many": HEAD + b"\n" + b"".join(b"<u%d@b.example>: 550 user not\n" % i for i in range(5000)),
    "angles": HEAD + b"\n" + b"<" * 100_000,
    "helping verbs": HEAD + b"\n550 " + b"user is is is is is is is " * 5000,
    "half a phrase": HEAD + b"\n550 " + b"user " * 20_000,
    "blanks": HEAD + b"\n550 " + b" " * 100_000 + b"x",
    "half a transcript": HEAD + b"\n" + b">>> RCPT\n" * 20_000,
    "half a header": HEAD + b"\n" + b"Subject: y\n" * 20_000,
    "many groups": REPORT % (b"x", b"".join(GROUP % (i, b"Diagnostic-Code: " + b"user is " * 300) for i in range(200))),
    "groups and words": REPORT
    % (
        b"".join(b"<u%d@b.example>: %s\n" % (i, b"user is is " * 90) for i in range(300)),
        b"".join(GROUP % (i, b"") for i in range(300)),
    ),
    "folds": REPORT % (b"x", b"Final-Recipient: rfc822; u@b.example\nDiagnostic-Code: smtp;\n" + b" x\n" * 30_000),
    "brackets in JSON": HEAD + b'\n{"notificationType":"Bounce","emailAddress":' + b"[" * 60_000,
    "objects in JSON": HEAD + b'\n"notificationType":"Bounce"' + b'{"emailAddress":"a@b.example","x":' * 3000,
    "semicolons": HEAD + b"Content-Type: multipart/report" + b";" * 31_000 + b"\n\nx",
    "notices in notices": (HEAD + b"Received: x\n\n") * 5000,
    "failed recipients": HEAD + b"X-Failed-Recipients: " + b",".join(b"u%d@b.c" % i for i in range(4000)) + b"\n\nx",
    "HTML": HEAD + b'Content-Type: text/html\n\n<a x="' * 15_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_ends_within_a_second(name: str) -> None:
    started = time.process_time()
    read_bounces(HOSTILE[name])
    assert time.process_time() - started < SECOND


def test_hostile_words_end_within_a_second() -> None:
    started = time.process_time()
    is_hard_bounce("550 " + "user is not " * 100_000)
    assert time.process_time() - started < SECOND


PIECES = [path.read_bytes() for path in sorted(SAMPLES.glob("*.eml"))]


@given(st.binary(max_size=2000))
def test_octets_never_raise(raw: bytes) -> None:
    assert all(isinstance(bounce, Bounce) for bounce in read_bounces(HEAD + b"\n" + raw))
    read_bounces(raw)


@given(st.sampled_from(PIECES), st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=12)), max_size=8))
def test_a_damaged_notice_never_raises(raw: bytes, damages: list[tuple[int, bytes]]) -> None:
    for place, octets in damages:
        raw = raw[:place] + octets + raw[place + len(octets) :]
    for bounce in read_bounces(raw):
        assert not any(control in bounce.recipient for control in "\r\n\0 ")
        assert len(bounce.recipient) <= 320


@given(st.text(max_size=300))
def test_any_words_have_an_answer(words: str) -> None:
    assert is_hard_bounce(words) in (True, False)
