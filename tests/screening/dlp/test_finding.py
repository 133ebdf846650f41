"""What is found, and what is not: numbers by their rules, keys by their forms."""

from __future__ import annotations

import base64
import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.screening.dlp.findings import Kind, in_words
from postbox.screening.dlp.scan import MOST, TooMany, check_own, find, holds_anything, own_patterns
from tests.screening.dlp.made import CARDS, IBANS, grouped, keys, pem, signs, with_check_digit

FOUR = (4, 4, 4, 4)
WRAPS = ["\n", "\r\n", " \n", "\n> ", "\r\n> > "]


def found(text: str) -> list[tuple[Kind, str]]:
    octets = text.encode()
    return [(one.kind, octets[one.begin : one.end].decode()) for one in find(octets)]


@pytest.mark.parametrize("number", CARDS)
@pytest.mark.parametrize("before", ["", "card: ", "Qty 2 ", "cc=", "(", "Nr.\n", "1234 "])
@pytest.mark.parametrize("after", ["", ".", ", thanks", "\n", ")", " 12/29 123"])
def test_a_card_number_among_words(number: str, before: str, after: str) -> None:
    assert found(f"{before}{number}{after}") == [(Kind.CARD, number)]


@pytest.mark.parametrize("between", [" ", "-", "\u00a0", "\u2009", "\u2013", " - ", "  ", "."])
def test_digits_grouped_as_on_a_card(between: str) -> None:
    sixteen, fifteen = grouped(CARDS[0], FOUR, between), grouped(CARDS[2], (4, 6, 5), between)
    assert found(f"It is {sixteen} or {fifteen}.") == [(Kind.CARD, sixteen), (Kind.CARD, fifteen)]


def test_cards_side_by_side() -> None:
    row = f"{grouped(CARDS[0], FOUR, ' ')} {grouped(CARDS[1], FOUR, ' ')}"
    assert [kind for kind, _ in found(row)] == [Kind.CARD, Kind.CARD]


@pytest.mark.parametrize("zero", "\u0660\u06f0\u0966\u0e50\uff10\U0001d7ce")
def test_digits_of_other_scripts_are_digits(zero: str) -> None:
    number = "".join(chr(ord(zero) + int(digit)) for digit in CARDS[0])
    plain = f"{CARDS[1]} é {IBANS[0]}"
    assert [said for _, said in found(f"é {number}, {plain} {number}")] == [number, *plain.split(" é "), number]
    assert found(f"{number[:-1]}{zero} é") == []  # the check digit
    assert found(f"x{number}") == []


@pytest.mark.parametrize("between", [" ", "\n", ", ", "\r\n"])
def test_account_numbers_side_by_side(between: str) -> None:
    assert found(between.join(IBANS)) == [(Kind.IBAN, number) for number in IBANS]


@pytest.mark.parametrize("end", WRAPS)
@pytest.mark.parametrize("number", IBANS)
def test_an_account_number_across_lines(end: str, number: str) -> None:
    words = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    for blank in (at for at, sign in enumerate(words) if sign == " "):
        wrapped = words[:blank] + end + words[blank + 1 :]
        assert found(f"Pay to {wrapped}\nBIC COBADEFF") == [(Kind.IBAN, wrapped)]
        assert found(f"Pay to {wrapped[:-1]}X\n") == []


@pytest.mark.parametrize("end", WRAPS)
@pytest.mark.parametrize(("layout", "number"), [(FOUR, CARDS[0]), ((4, 6, 5), CARDS[2])])
def test_a_card_across_lines(end: str, layout: tuple[int, ...], number: str) -> None:
    words = grouped(number, layout, " ")
    for blank in (at for at, sign in enumerate(words) if sign == " "):
        wrapped = words[:blank] + end + words[blank + 1 :]
        assert found(f"The card is 2027 {wrapped}, thanks") == [(Kind.CARD, wrapped)]
        assert found(f"Rows: {wrapped}") == []  # nothing says that it is one
        assert found(f"Card a{wrapped}") == []


@given(st.sampled_from(["4", "51", "55", "2221", "2720", "34", "37", "6011", "65", "3528"]), st.randoms())
def test_every_issuer_s_range(start: str, chance: object) -> None:
    length = 15 if start in {"34", "37"} else 16
    digits = start + signs(length - 1 - len(start), "0123456789", seed=hash(chance))
    number = with_check_digit(digits)
    assert found(f"pay with {number} today") == [(Kind.CARD, number)]
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert found(f"pay with {wrong} today") == []


@pytest.mark.parametrize(
    "text",
    [
        "a4111111111111111",  # an identifier
        "4111111111111111f",
        "0x4111111111111111",
        "d4111111111111111e00b",
        "94001111" + "4111111111111111",  # a parcel's number: longer
        "3.4111111111111111",
        "4111111111111112",  # the check digit
        "4111 11111111 1111",  # grouped as no card is
        "4111 1111 1111 1111 2004 4111 1111 1111 1111",  # a row of a table
        "1234567812345670",  # no issuer
        "4222222222222",  # as long as a time in milliseconds, and nothing says card
        "1Z4111111111111111",
        "978-3-16-148410-0",
        "+49 4111 1111 1111 11",
    ],
)
def test_what_only_looks_like_a_card(text: str) -> None:
    assert found(text) == []


def test_a_word_beside_it_makes_a_rare_length_a_card() -> None:
    assert found("VISA 4222222222222") == [(Kind.CARD, "4222222222222")]


@pytest.mark.parametrize("text", ["123-45-6789", "SSN 123-45-6789.", "(123-45-6789)"])
def test_a_social_security_number(text: str) -> None:
    assert [value for kind, value in found(text) if kind is Kind.SSN] == ["123-45-6789"]


@pytest.mark.parametrize("text", ["my SSN is 123456789", "social security number: 123 45 6789"])
def test_a_word_beside_it_stands_for_the_hyphens(text: str) -> None:
    assert [kind for kind, _ in found(text)] == [Kind.SSN]


@pytest.mark.parametrize(
    "text",
    ["000-12-3456", "666-12-3456", "912-12-3456", "123-00-4567", "123-45-0000", "078-05-1120", "1-123-45-6789",
     "123-45-6789-0", "A123-45-6789", "123456789", "555-123-4567", "SSN-2 class, hull 123-456-789"],
)  # fmt: skip
def test_what_is_no_social_security_number(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("number", IBANS)
def test_an_account_number(number: str) -> None:
    spaced = grouped(number, [4] * (len(number) // 4), " ")
    assert found(f"IBAN {number}.") == [(Kind.IBAN, number)]
    assert found(f"to {spaced} and BIC X") == [(Kind.IBAN, spaced)]
    assert found(f"to {spaced} 1234") == [(Kind.IBAN, spaced)]
    turned = number[:-2] + number[-1] + number[-2]
    assert found(turned) == ([] if turned != number else [(Kind.IBAN, number)])
    assert found(number.replace(number[:2], "ZZ", 1)) == []
    assert found(f"{number}X") == []


@pytest.mark.parametrize(("issuer", "key"), keys())
def test_keys_of_every_issuer(issuer: str, key: str) -> None:
    (one,) = find(f"use {key} now".encode())
    assert (one.kind, one.name) == (Kind.API_KEY, issuer)
    assert key.encode().endswith(f"use {key} now".encode()[one.begin : one.end])


@pytest.mark.parametrize("text", ["ghp_short", "sk-learn", "AKIA1", "xoxb-", "AKIAlowercaseletters", "sk-" + "a" * 30])
def test_what_is_no_key(text: str) -> None:
    assert found(text) == []


def test_a_private_key_is_taken_out_whole() -> None:
    key = pem()
    assert found(f"Here:\n{key}\nThanks") == [(Kind.PRIVATE_KEY, key)]
    cut = key[:400]
    assert found(f"Here: {cut}") == [(Kind.PRIVATE_KEY, cut)]
    public = key.replace("RSA PRIVATE", "PUBLIC")
    assert found(public) == []


def test_a_token_is_known_by_its_header() -> None:
    def part(said: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()

    token = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part({'sub': '1234567890'})}.{signs(43)}"
    other = f"{part({'not': 'a token', 'n': 1})}.{part({'sub': '1234567890'})}.{signs(43)}"
    assert found(f"see {token} there") == [(Kind.API_KEY, token)]
    assert found(f"see {other} there") == []


def test_the_owner_s_own_patterns() -> None:
    own = own_patterns(("staff=EMP-[0-9]{6}",))
    (one,) = find(b"ask EMP-123456 for it", own)
    assert (one.kind, one.name, one.begin, one.end) == (Kind.OWN, "staff", 4, 14)


@pytest.mark.parametrize("said", ["noequals", "=x", "a=", "a=(", "a=x*", "a=(?=b)", r"a=(b)\1", "a=(a{1000}){1000}"])
def test_a_pattern_that_cannot_be_used_is_refused(said: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        check_own(said)


@pytest.mark.parametrize(
    "text",
    ["4" * 200_000, "1 " * 100_000, "4111 " * 40_000, "DE89 " * 40_000, "-----BEGIN RSA PRIVATE KEY-----" * 5000,
     "eyJ" * 60_000, "ssn " * 50_000, "12-" * 60_000, "sk-" * 60_000, "xoxb-" * 40_000, "aws key " * 20_000,
     "card 4111 1111\n" * 15_000, "4111\n" * 40_000, "AB12\n" * 40_000, "\uff14\uff11\uff11\uff11 " * 20_000],
)  # fmt: skip
def test_hostile_text_takes_a_moment(text: str) -> None:
    began = time.process_time()
    with contextlib.suppress(TooMany):
        find(text.encode())
    assert time.process_time() - began < 1


def test_too_many_are_not_masked_one_by_one() -> None:
    with pytest.raises(TooMany):
        find(f"{CARDS[0]} ".encode() * (MOST + 1))


def test_one_number_written_in_several_ways_is_counted_once() -> None:
    card, other = [(Kind.CARD, "", value) for value in (b"4111 1111 1111 1111", b"5555555555554444")]
    assert in_words([card, card, (Kind.CARD, "", b"4111111111111111"), (Kind.CARD, "", b"4111-1111-1111-1111")]) == (
        "1 payment card number"
    )
    assert in_words([card, other]) == "2 payment card numbers"


@given(st.text(max_size=300))
def test_the_first_pass_never_stops_what_a_detector_would_find(text: str) -> None:
    octets = f"{text} {CARDS[0]} {text}".encode("utf-8", "replace")
    assert holds_anything(octets)
    spans = [(one.begin, one.end) for one in find(octets)]
    assert spans == sorted(spans)
    assert all(before[1] <= after[0] for before, after in zip(spans, spans[1:], strict=False))
