"""Links that show one address and go to another, and those that only look as if they did."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.mail.parsed import Link
from postbox.screening.link_targets import is_mismatch, with_mismatches

MISLEADING = [
    ("https://paypal.com/login", "https://evil.example.net/x"),
    ("paypal.com", "http://evil.com"),
    ("Log in to paypal.com now", "https://evil.com"),
    ("www.paypal.com", "https://paypal.com.evil.ru/"),
    ("https://paypal.com@evil.com/", "https://paypal.com@evil.com/"),
    ("Click", "https://paypal.com@evil.com/"),
    ("bank.com", "https://bank.com:443@evil.com"),
    ("раураl.com", "https://xn--80aa0cbo65f.com"),
    ("paypal.com", "https://раураl.com/"),
    ("paypal.com", "http://192.0.2.7/"),
    ("http://192.0.2.7", "http://192.0.2.8/"),
    ("https://bank.com", "http://3232235777/"),
    ("paypal.com", "javascript:alert(1)"),
    ("https://bank.de", "https:\\\\evil.com\\bank.de"),
    ("bank.com", "//evil.com/bank.com"),
    ("https://paypal.com", "h\nttps://evil.com"),
    ("support@paypal.com", "mailto:x@evil.com"),
    ("support@paypal.com", "https://evil.com"),
    ("https://a.com", "https://click.tracker.net/r?u=https://a.com"),  # goes elsewhere, be it only to be counted
    ("PAYPAL.COM", "https://evil.com"),
    ("paypal。com", "https://evil.com"),
    ("paypal.com\u200b", "https://evil.com"),
]
HONEST = [
    ("https://www.paypal.com/x", "https://paypal.com/y"),
    ("paypal.com", "https://www.paypal.com/signin"),
    ("https://shop.co.uk", "https://pay.shop.co.uk"),
    ("Click here", "https://evil.com"),
    ("Node.js docs", "https://nodejs.org"),
    ("ASP.NET is good", "https://microsoft.com"),
    ("see report.pdf", "https://x.org/report.pdf"),
    ("v4.07", "https://x.org"),
    ("Read etc. more...", "https://x.org"),
    ("10:30 a.m.", "https://x.org"),
    ("U.S. News", "https://x.com"),
    ("a@b.com", "mailto:A@B.com?subject=x"),
    ("a@b.com", "mailto:<a@b.com>"),
    ("münchen.de", "https://xn--mnchen-3ya.de/"),
    ("почта.рф", "https://xn--80a1acny.xn--p1ai"),
    ("192.0.2.7", "http://192.0.2.7/x"),
    ("example.com", "EXAMPLE.com/foo"),
    ("example.com", "/foo"),
    ("example.com", "tel:+4912345"),
    ("example.com", "https://user:pw@example.com"),
    ("https://a.com/", "https://a.com/"),
]


@pytest.mark.parametrize(("text", "url"), MISLEADING)
def test_it_goes_elsewhere(text: str, url: str) -> None:
    assert is_mismatch(text, url)


@pytest.mark.parametrize(("text", "url"), HONEST)
def test_it_goes_where_it_says(text: str, url: str) -> None:
    assert not is_mismatch(text, url)


def test_links_keep_their_text_and_url() -> None:
    links = (Link("paypal.com", "https://evil.com"), Link("here", "https://evil.com"))
    assert with_mismatches(links) == (Link("paypal.com", "https://evil.com", True), links[1])


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_it_is_it_has_an_answer(text: str, url: str) -> None:
    assert is_mismatch(text, url) in {True, False}
    assert is_mismatch(f"https://{text}", f"https://{url}") in {True, False}


@pytest.mark.parametrize("piece", ["a.", "a@", "https:", "http://a@", "\\", "а.", "a.com ", "[::", "."])
def test_hostile_links_take_little_time(piece: str) -> None:
    text, url = (piece * 500)[:500], "https://" + (piece * 2048)[:2040]
    began = time.process_time()
    for _ in range(20):
        is_mismatch(text, url)
    assert (time.process_time() - began) / 20 < 0.02
