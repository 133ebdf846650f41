"""Programs look for ids and URLs in a header as they are; RFC 2047 is for words."""

from __future__ import annotations

import email

import pytest

from outbound.compose import compose
from outbound.draft import Draft, Mailbox, mailbox, recipients_of
from outbound.models import Role
from postbox.lib.ids import uuid7


@pytest.mark.parametrize("length", [20, 60, 120, 970])
def test_ids_and_urls_are_never_encoded(length: int) -> None:
    name, url = f"<{'a' * length}@ek.example>", f"https://ek.example/{'u' * length}"
    draft = Draft(
        recipients_of([(mailbox("ann@ek.example", "to"), Role.TO)]),
        subject="Grüße " * 30,
        text="Hello",
        in_reply_to=name,
        references=("<b@ek.example>", name),
        unsubscribe=(url, "mailto:u@ek.example"),
    )
    raw = compose(draft, Mailbox("robin@agents.localhost"), uuid7())
    mail = email.message_from_bytes(raw)
    assert mail["In-Reply-To"].split() == [name]
    assert mail["References"].split() == ["<b@ek.example>", name]
    assert mail["List-Unsubscribe"].split() == [f"<{url}>,", "<mailto:u@ek.example>"]
    assert mail["Subject"].startswith("=?utf-8?")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
