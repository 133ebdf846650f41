"""What names look like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.screening.likeness.shapes import one_off, shape, shown


@pytest.mark.parametrize(
    ("forged", "real"),
    [
        ("раураl", "paypal"),  # Cyrillic
        ("ρaypal", "paypal"),  # Greek
        ("paypa1", "paypal"),
        ("g00gle", "google"),
        ("micros0ft", "microsoft"),
        ("rnicrosoft", "microsoft"),
        ("vvikipedia", "wikipedia"),
        ("ｐａｙｐａｌ", "paypal"),
        ("pàÿpäl", "paypal"),
        ("PAYPAI", "paypal"),
        ("𝗉𝖺𝗒𝗉𝖺𝗅", "paypal"),
        ("mercer-b1kes", "mercer-bikes"),
    ],
)
def test_what_looks_the_same_has_one_shape(forged: str, real: str) -> None:
    assert forged != real
    assert shape(forged) == shape(real)


@pytest.mark.parametrize("pair", [("paypal", "paypool"), ("robin", "rowan"), ("olive", "oliver")])
def test_what_looks_different_has_another(pair: tuple[str, str]) -> None:
    assert shape(pair[0]) != shape(pair[1])


@given(st.text(max_size=40))
def test_a_shape_is_its_own_shape_and_never_fails(text: str) -> None:
    assert isinstance(shape(text), str)
    assert shape(text.upper().lower()) == shape(text.upper().lower().casefold())


def test_punycode_is_shown_as_a_reader_sees_it_and_what_is_none_stays() -> None:
    assert shown("xn--80ak6aa92e.com") == "аррӏе.com"
    assert shape(shown("xn--80ak6aa92e.com")) == shape("apple.com")
    assert shown("xn--999999999999999999.com") == "xn--999999999999999999.com"
    assert shown("xn---.com")
    assert shown("plain.example") == "plain.example"


@given(st.text("abcde", min_size=1, max_size=12), st.integers(0, 11), st.sampled_from("xyz"))
def test_one_edit_is_found(word: str, at: int, letter: str) -> None:
    at %= len(word)
    for edited in (word[:at] + letter + word[at:], word[:at] + word[at + 1 :], word[:at] + letter + word[at + 1 :]):
        assert one_off(word) & one_off(edited)
    swapped = word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
    assert one_off(word) & one_off(swapped)
