"""The writer's own words: quoted history and signatures left out in many languages, and nothing else."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.mail.parsed import ParsedMail, stretches
from postbox.screening.replies.own import Kind, kind_of, own_places
from tests.screening.replies.written import ANNA, HISTORY, SIGN_OFFS

OWN = "Thanks, that works.\nSee you Tuesday."


def own(text: str, kind: Kind = Kind.UNKNOWN, html: str = "") -> str:
    return stretches(text, own_places(text, kind, html))


@pytest.mark.parametrize("name", HISTORY)
def test_history_is_left_out_in_every_language(name: str) -> None:
    assert own(f"{OWN}\n\n{HISTORY[name]}\n") == OWN


@pytest.mark.parametrize("name", HISTORY)
def test_a_signature_above_the_history_goes_too(name: str) -> None:
    assert own(f"{OWN}\n\n-- \nBob Stone\nStone Ltd, Leeds\n\n{HISTORY[name]}\n") == OWN


@pytest.mark.parametrize("line", SIGN_OFFS)
def test_a_telephone_that_signs_is_no_writer(line: str) -> None:
    assert own(f"{OWN}\n\n{line}\n") == OWN
    assert own(f"{OWN}\n\n{line}\n\nOn Mon, Jan 1, 2024 at 10:00 AM {ANNA} wrote:\n> Old\n") == OWN


def test_answers_between_quotes_stay() -> None:
    text = f"On Mon, Jan 1, 2024 at 10:00 AM {ANNA} wrote:\n> Coming?\n\nYes.\n\n> Wine?\n\nNo, beer.\n\n-- \nBob"
    assert own(text) == "Yes.\n\nNo, beer."


def test_an_answer_below_the_quote_stays() -> None:
    assert own(f"Bob said on 1/1/24:\n> Old\n> older\n\n{OWN}\n") == OWN


def test_outlook_express_quotes_below_its_header_lines() -> None:
    text = f"----- Original Message -----\nFrom: {ANNA}\nSent: Monday\nSubject: Hi\n\n> Old\n\n{OWN}\n> more\n"
    assert own(text) == OWN


@pytest.mark.parametrize(
    "text",
    [
        f"FYI\n\n---------- Forwarded message ---------\nFrom: {ANNA}\nDate: Mon\nSubject: Hi\nTo: Bob\n\nThe content",
        f"FYI\n\nBegin forwarded message:\n\n> From: {ANNA}\n> Subject: Hi\n>\n> The content",
        f"-------- Weitergeleitete Nachricht --------\nVon: {ANNA}\nBetreff: Hi\nDatum: heute\n\nDer Inhalt",
    ],
)
def test_what_is_forwarded_is_the_message(text: str) -> None:
    assert own(text) == text


def test_outlook_tells_a_forward_from_an_answer_by_the_subject() -> None:
    text = f"See below.\n\nFrom: {ANNA}\nSent: Monday, January 1, 2024 10:00\nTo: Bob\nSubject: Hi\n\nThe content"
    assert own(text, kind_of(ParsedMail(subject="FW: Hi"))) == text
    assert own(text, kind_of(ParsedMail(subject="Re: Hi"))) == "See below."
    assert kind_of(ParsedMail(subject="[list] AW[2]: Hallo")) is Kind.REPLY
    assert kind_of(ParsedMail(subject="Note: the room")) is Kind.UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        "Dear all,\n\nPlease bring:\n\n- wine\n- bread\n\nFrom: 10:00 to 12:00\nNote: the room is 4.07.\n\nBob",
        "In 2002 Alan wrote:\n\nA long essay that I liked.\n\nBob",
        "I said this.\n>From time to time I say that.\nOk.",
        "He asked me to sign:\n\nSent from where I sat, this is a whole sentence.\n\nBob",
        "",
        "\n\n",
    ],
)
def test_what_only_looks_so_stays(text: str) -> None:
    assert own_places(text) is None


def test_an_indented_block_of_a_newsletter_is_no_quote() -> None:
    text, html = "News\n\n> A reader says: great\n\nMore news", "<p>News</p><blockquote>…</blockquote>"
    assert own(text, html=html) == text
    assert own(text, html='<div class="gmail_quote">') == "News\n\nMore news"
    assert own(text, Kind.REPLY, html) == "News\n\nMore news"


def test_only_quotes_leave_nothing_and_only_a_signature_stays() -> None:
    assert own_places(f"On Mon, Jan 1, 2024 at 10:00 {ANNA} wrote:\n> Old") is not None
    assert own("> Old\n> older\n", Kind.REPLY) == ""
    assert own("-- \nBob Stone") == "-- \nBob Stone"


LINES = st.sampled_from(
    ["own words", "> quoted", ">> twice", "", "-- ", "--", "From: a", "Sent: b", "To: c", "wrote:", "On 1 Jan 2024",
     f"On 1 Jan 2024 10:00 {ANNA} wrote:", "-----Original Message-----", "Begin forwarded message:", "____" * 8,
     "-----BEGIN PGP SIGNATURE-----", "Sent from my iPhone", "| bar", "a> b", "差出人：x", "\t", "x" * 400 + ":"]
)  # fmt: skip


@given(st.lists(LINES, max_size=30), st.sampled_from(list(Kind)), st.booleans())
def test_places_are_in_order_inside_the_text_and_never_begin_a_quote(lines: list[str], kind: Kind, html: bool) -> None:
    text = "\n".join(lines)
    places = own_places(text, kind, "<p>" if html else "")
    last = 0
    for begin, end in places or ():
        assert last <= begin < end <= len(text)
        assert text[begin:end].strip()
        last = end
    if lines[:1] == ["own words"]:  # words further down may be somebody else's: no line says whose they are
        assert places is None or text[places[0][0] : places[0][1]].startswith("own words")


@pytest.mark.parametrize(
    "line",
    ["a:\n", "From: x\n", ">\n", "-- \n", f"On 1 Jan 2024 10:00 {ANNA} wrote:\n", f"On 2024 10:00 {ANNA} wrote:\n> x\n",
     "-----BEGIN PGP SIGNATURE-----\n", "-----Original Message-----\n> x\n", "差出人：\n",
     "Sent from iphone iphone\n> q\n"],
)  # fmt: skip
def test_hostile_text_takes_linear_time(line: str) -> None:
    def spent(size: int) -> float:
        text = line * (size // len(line))
        began = time.process_time()
        for kind in Kind:
            own_places(text, kind)
        return time.process_time() - began

    spent(16 * 1024)
    small = min(spent(32 * 1024) for _ in range(3))
    assert spent(256 * 1024) < 24 * small + 0.05
