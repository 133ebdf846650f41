"""The short way of composing a plain mail writes what the standard library would."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound import compose
from outbound.draft import BadAddress, Draft, HeaderInjection, Mailbox, header_text, mailbox, recipients_of
from outbound.models import Role

AT = datetime(2026, 11, 21, 9, 5, 7, 123456, tzinfo=UTC)
ID = uuid.UUID("01a1fe3d-bc87-7031-9a45-5db888b85955")
_ODD = "aZ09 .,:;<>()[]\\\"'@=?_-\t\n\r\x00\x0b\x7f\x85\xe9\u2028"
ROBIN = Mailbox("robin@agents.localhost")


def draft(to: str = "ann@ek.example", **changes: Any) -> Draft:
    return Draft(recipients_of([(mailbox(to, "to"), Role.TO)]), **({"subject": "Hi", "text": "Hello"} | changes))


@given(
    st.text(_ODD, max_size=80),
    st.text(_ODD, max_size=120) | st.text("ab .\n", max_size=160),
    st.sampled_from([{}, {"is_automatic": True}, {"by_person": True}]),
)
def test_both_ways_write_the_same_octets(subject: str, text: str, whose: dict[str, Any]) -> None:
    try:
        shown = header_text(subject, "subject")
    except HeaderInjection:
        return
    mail = draft(subject=shown, text=text, **whose)
    if (short := compose.plain(mail, ROBIN, ID, AT)) is not None:
        assert short == compose._composed(mail, ROBIN, ID, AT)


@given(st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[a-z0-9.-]{1,80}", fullmatch=True))
def test_whatever_the_address(address: str) -> None:
    try:
        mail = draft(address)
    except BadAddress:
        return
    if (short := compose.plain(mail, ROBIN, ID, AT)) is not None:
        assert short == compose._composed(mail, ROBIN, ID, AT)


def test_the_usual_mail_takes_the_short_way() -> None:
    text = "\n".join(["Dear Ann,", "", "your order is on its way. " * 30, "", ".", "Robin"])
    for subject in ("Hello", "Your order 17", "Re: [shop] 100% off? (no)"):
        mail = draft(subject=subject, text=text)
        assert compose.plain(mail, ROBIN, ID, AT) == compose._composed(mail, ROBIN, ID, AT)


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Grüße"},
        {"text": "Grüße"},
        {"text": "x" * 991},
        {"subject": ""},
        {"text": "a\rb"},
        {"subject": "two  blanks"},
        {"subject": "x" * 100},
        {"html": "<p>Hi"},
        {"in_reply_to": "<a@b>"},
        {"unsubscribe": ("https://ek.example/u",)},
        {"to": "Ann Ek <ann@ek.example>"},
    ],
)
def test_all_other_mail_takes_the_long_way(changes: dict[str, Any]) -> None:
    mail = draft(**changes)
    short = compose.plain(mail, ROBIN, ID, AT)
    assert short is None or short == compose._composed(mail, ROBIN, ID, AT)
    assert compose.compose(mail, ROBIN, ID, AT) == compose._composed(mail, ROBIN, ID, AT) or "html" in changes
