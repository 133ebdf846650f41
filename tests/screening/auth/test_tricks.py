"""What somebody tries who knows how mail is judged here: words beside those that were signed or that an MTA wrote."""

from __future__ import annotations

import time

import pytest
from pytest_django.fixtures import Settings

from postbox.screening.auth.arc import check_arc
from postbox.screening.auth.judge import judge
from postbox.screening.auth.names import ascii_name
from postbox.screening.auth.results import results, without_claims
from postbox.screening.auth.signed import split
from postbox.screening.steps.allow import normal
from tests.screening.auth.signing import plain, resolver, sealed, signed
from tests.screening.auth.test_judge import ZONE, behind, case, look

HEADS = [b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"content-type"]
ONCE = [
    b"Subject: Pay at once", b"SUBJECT : Pay at once", b"Reply-To: eve@evil.example", b"To: eve@evil.example",
    b"Date: Mon, 2 Nov 2026 09:00:00 +0000", b"Message-ID: <1@evil.example>", b"Content-Type: text/html",
]  # fmt: skip


@pytest.mark.parametrize("field", ONCE)
def test_a_field_added_above_a_signed_one_breaks_the_signature(field: bytes) -> None:
    """Signers take the last of a name, readers the first (RFC 6376, section 8.15)."""
    extra = "Reply-To: ann@wren.example\r\nContent-Type: text/plain\r\n"
    raw = signed(plain(extra=extra), "wren.example", include_headers=HEADS)
    assert look(raw, "eve@evil.example").aligned_domain == "wren.example"
    for added in (field + b"\r\n" + raw, raw.replace(b"\r\n\r\n", b"\r\n" + field + b"\r\n\r\n", 1)):
        found = look(added, "eve@evil.example")
        assert (found.dkim, found.dmarc, found.aligned_domain) == ("fail", "fail", "")


def test_fields_that_stand_several_times_may_be_added() -> None:
    raw = b"Received: from a by b\r\nMIME-Version: 1.0\r\nX-Seen: 1\r\n" + signed(plain(), "wren.example")
    assert look(raw, "eve@evil.example").aligned_domain == "wren.example"


def test_a_sealers_word_is_of_the_mail_without_what_was_added() -> None:
    raw = sealed(plain(), 1, "lists.example", "lists.example; dmarc=pass header.from=wren.example")
    assert check_arc(split(raw), resolver(ZONE)).covers_author
    found = check_arc(split(b"Subject: Pay at once\r\n" + raw), resolver(ZONE))
    assert (found.result, found.covers_author) == ("pass", False)  # RFC 8617 asks for no more


@pytest.mark.parametrize(
    "said",
    [
        'spf=pass smtp.mailfrom="x@wren.example"@evil.example; dmarc=none',
        'spf=pass smtp.mailfrom="x@wren.example".y@evil.example; dmarc=none',
        'dkim=pass header.i="x@wren.example"@evil.example; dmarc=none',
        'dkim=pass reason="of header.d=wren.example" header.i=@evil.example; dmarc=none',
        'dkim=pass header.i=@evil.example reason="header.d=wren.example"; dmarc=none',
        "spf=pass smtp.mailfrom=x@wren.example(@evil.example; dmarc=none",
        'spf=pass smtp.mailfrom=x@wren.example"@evil.example; dmarc=none',
        "spf=pass smtp.mailfrom=x@wren.example\\@evil.example; dmarc=none",
        # What an MTA quotes in a comment without a care for the parentheses in it.
        'spf=pass (of "a) smtp.mailfrom=x@wren.example; dkim=none (b"@evil.example) smtp.mailfrom=evil.example',
        'spf=pass (of "a); dmarc=pass header.from=wren.example (b"@evil.example is allowed) smtp.mailfrom=evil.example',
        'spf=pass (of "a\\"); dmarc=pass header.from=wren.example (\\""@evil.example) smtp.mailfrom=evil.example',
        'spf=none (of "a); dmarc=pass header.from=wren.example',
        f"dmarc=pass header.from=wren.example{' ' * 16_384}; dmarc=fail header.from=wren.example",
    ],
)
def test_what_a_sender_can_put_into_an_mtas_field_is_no_word_of_the_mtas(settings: Settings, said: str) -> None:
    assert behind(settings, f"mx.mine.example; {said}").aligned_domain == ""


def test_what_an_mta_quotes_as_it_should_is_read(settings: Settings) -> None:
    for said in (
        'spf=pass smtp.mailfrom="ann@wren.example"; dmarc=none',
        'spf=pass smtp.mailfrom="a;b"@wren.example; dmarc=none',
        'dkim=pass reason="2048-bit key" header.d=wren.example; dmarc=none',
        'spf=pass (of "ann b"@wren.example, one (of two\\)) of it) smtp.mailfrom=wren.example; dmarc=none',
    ):
        assert behind(settings, f"mx.mine.example; {said}").aligned_domain == "wren.example", said


@pytest.mark.parametrize("value", ['"\\' * 8_000, "(" * 16_000, '("' * 8_000, "\\" * 16_000, 'a.b="' * 3_000 + "x"])
def test_hostile_fields_take_a_moment(value: str) -> None:
    began = time.process_time()
    assert results(f"mx.mine.example; {value}") == []
    assert time.process_time() - began < 0.2


def test_an_encoded_word_is_no_servers_name(settings: Settings) -> None:
    settings.POSTBOX_TRUSTED_AUTHSERV_ID = "mx.mine.example"
    made = case(b"Authentication-Results: =?utf-8?q?mx.mine.example?=; dmarc=pass\r\n" + plain(), client=None)
    assert made.parsed is not None
    assert without_claims(made.parsed, "mx.mine.example").header("authentication-results") == ""
    assert not judge(made, resolver(ZONE)).looked


@pytest.mark.parametrize(
    "name", ["wren.example..", "wren..example", ".wren.example", "wren.example\u3002\u3002", "..", ""]
)
def test_a_name_with_an_empty_label_is_none(name: str) -> None:
    assert ascii_name(name) == ""
    found = look(f"From: ann@{name}\r\nSubject: x\r\n\r\nx\r\n".encode())
    assert (found.dmarc, found.aligned_domain) == ("fail", "")


def test_dots_behind_a_name_do_not_hide_it_from_a_block_list() -> None:
    assert {normal(f"Eve@Evil.example{dots}") for dots in ("", ".", "..", "\u3002")} == {"eve@evil.example"}
