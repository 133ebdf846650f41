"""What masking leaves: never the number, in no text that is shown of a mail."""

from __future__ import annotations

import dataclasses
import re
import time
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.ingest.mime import parse_whole
from postbox.mail.models import Outcome
from postbox.mail.parsed import Reason, Score
from postbox.screening.case import Case, Verdict
from postbox.screening.dlp.findings import Kind
from postbox.screening.dlp.masking import Mask
from postbox.screening.dlp.scan import MOST
from postbox.screening.dlp.shown import texts_of
from postbox.screening.policy import Checks, Effective
from postbox.screening.steps import distil, dlp
from tests.screening import corpora
from tests.screening.dlp.made import CARDS, IBANS, grouped, pem, with_check_digit

CARD = CARDS[0]
SPACED = grouped(CARD, (4, 4, 4, 4), " ")
_DIGITS = re.compile(r"\D")


def masked(text: str, *values: tuple[Kind, bytes], remove: bool = False) -> str:
    return Mask((), values, remove=remove)(text)


def case_of(raw: bytes, **checks: object) -> Case:
    case = Case(uuid.uuid4(), uuid.uuid4(), "robin", raw, "", "", datetime.now(UTC))
    case.policy = Effective(checks=Checks(**checks))  # type: ignore[arg-type]
    case.parsed, case.files = parse_whole(raw)
    distil.check(case)
    return case


def mail(text: str, subject: str = "Hello", more: str = "") -> bytes:
    head = f"From: Ann {CARD} <ann@ek.example>\r\nMessage-ID: <x-{CARD}@ek.example>\r\nSubject: {subject}\r\n"
    return f"{head}MIME-Version: 1.0\r\n{more}\r\n\r\n{text}".encode()


def test_a_number_is_known_however_it_is_written_elsewhere() -> None:
    card = grouped(CARDS[0], (4, 4, 4, 4), "\u00a0")
    mask = Mask((), [(Kind.CARD, card.encode())], remove=False)
    tail = CARDS[0][-4:]
    for written in (CARDS[0], *(grouped(CARDS[0], (4, 4, 4, 4), between) for between in (" ", "-", "+", "%20"))):
        assert mask.identifier(f"<order-{written}@wren.example>") == f"<order-[card …{tail}]@wren.example>"
    assert mask(f"to {grouped(IBANS[0], (4,) * 5 + (len(IBANS[0]) - 20,), ' ')}") == f"to [iban …{IBANS[0][-4:]}]"


def test_words_stand_where_numbers_stood() -> None:
    text = f"Card {SPACED}, account {IBANS[0]}, SSN 123-45-6789 and {pem()}."
    assert masked(text) == "Card [card …1111], account [iban …3000], SSN [ssn …6789] and [private_key]."
    assert masked(text, remove=True) == "Card [removed], account [removed], SSN [removed] and [removed]."


def test_what_was_found_once_is_taken_out_everywhere() -> None:
    known = (Kind.CARD, CARD.encode())
    assert CARD not in masked(f"ref{CARD}x", known)
    assert masked(f"cut here {CARD[:10]}", known) == "cut here [removed]"
    assert masked(f"{CARD[-10:]} and on", known) == "[removed] and on"


@given(st.text("ab 4.\n-", max_size=60), st.sampled_from(CARDS), st.text("xy \n,;", max_size=60))
def test_no_text_keeps_the_digits(before: str, number: str, after: str) -> None:
    value = (Kind.CARD, number.encode())
    for form in (number, grouped(number, (4, 6, 5) if len(number) == 15 else (4, 4, 4, 4), "-")):
        out = masked(f"{before} {form} {after}", value, (Kind.CARD, form.encode()))
        assert form not in out
        assert number not in out


@pytest.mark.parametrize("action", ["mask", "remove"])
def test_no_text_of_a_masked_mail_holds_the_number(action: str) -> None:
    html = (
        f"<p>Pay {SPACED}</p><p style='display:none'>or {CARD}</p><img alt='{CARD}' src='cid:x'>"
        f"<a href='https://ek.example/?n={CARD}'>{CARD}</a>"
    )
    case = case_of(mail(html, f"Your card {CARD}", "Content-Type: text/html; charset=utf-8\r\n"), dlp=action)
    assert sum(CARD in text for text in texts_of(case)) >= 5  # or the test shows nothing
    case.score = Score(0.5, (Reason("x", f"says {CARD}", SPACED),))
    case.add(Verdict("score", Outcome.FLAG, "suspicious", f"says {CARD}"))
    verdict = dlp.check(case)
    assert (verdict.outcome, verdict.code) == (Outcome.FLAG, f"{action}ed".replace("eed", "ed"))
    assert case.parsed
    said = [*texts_of(case), repr(case.score), repr(case.verdicts), verdict.reason, case.parsed.message_id]
    assert not [text for text in said if CARD in _DIGITS.sub("", text)]


def test_the_writer_s_own_words_move_with_the_text() -> None:
    text = f"Use {SPACED} please.\n\nOn Monday, Bo wrote:\n> which card?\n> and {CARD}\n\nThanks, Ann\n"
    case = case_of(mail(text, more="Content-Type: text/plain\r\n"), dlp="mask")
    before = case.distilled.reply_text
    assert "which card" not in before
    dlp.check(case)
    after = case.distilled.reply_text
    assert after == before.replace(SPACED, "[card …1111]")


@pytest.mark.parametrize(("action", "outcome"), [("report", Outcome.FLAG), ("quarantine", Outcome.QUARANTINE)])
def test_what_is_not_masked_is_said_without_the_number(action: str, outcome: Outcome) -> None:
    case = case_of(mail(f"It is {CARD}.", more="Content-Type: text/plain\r\n"), dlp=action)
    verdict = dlp.check(case)
    assert verdict.outcome == outcome
    assert "1 payment card number" in verdict.reason
    assert CARD not in verdict.reason
    assert CARD in case.distilled.text


def test_a_mail_full_of_numbers_and_links_is_masked_in_a_moment() -> None:
    numbers = [with_check_digit(f"4{place:014d}") for place in range(900)]
    links = "".join(f"<a href='https://ek.example/{number}/{'x' * 40}'>here</a> " for number in numbers)
    html = f"<p>{' , '.join(numbers)}</p>{links}"
    case = case_of(mail(html, more="Content-Type: text/html\r\n"), dlp="mask")
    began = time.process_time()
    assert dlp.check(case).code == "masked"
    assert time.process_time() - began < 2
    assert not [text for text in texts_of(case) if any(number in text for number in numbers[:50])]


def test_off_is_off() -> None:
    case = case_of(mail(CARD, more="Content-Type: text/plain\r\n"), dlp="off")
    assert dlp.check(case).outcome == Outcome.SKIP


def test_of_a_mail_with_too_many_nothing_is_shown() -> None:
    case = case_of(mail(f"{CARD}\r\n" * (MOST + 1), more="Content-Type: text/plain\r\n"), dlp="mask")
    assert dlp.check(case).outcome == Outcome.QUARANTINE
    assert not [text for text in texts_of(case) if CARD in text]


def test_where_the_step_never_came_to_its_end_nothing_is_shown() -> None:
    case = case_of(mail(CARD, CARD, "Content-Type: text/plain\r\n"), dlp="remove")
    case.add(Verdict("dlp", Outcome.ERROR, "too_slow", ""))
    case.traceback = f"ValueError: {CARD}"
    dlp.guard(case)
    assert not [text for text in [*texts_of(case), case.traceback] if CARD in text]
    clean = case_of(mail("Hi", more="Content-Type: text/plain\r\n"), dlp="remove")
    clean.verdicts.append(dlp.check(clean))
    before = dataclasses.replace(clean)
    dlp.guard(clean)
    assert clean == before


def test_few_honest_mails_are_said_to_hold_anything() -> None:
    files = corpora.folder("ham/easy_ham_2")[::5] + corpora.folder("ham/hard_ham")[::3]
    cases = [case_of(file.read_bytes()) for file in files]
    reported = [case for case in cases if dlp.check(case).code == "reported"]
    assert len(reported) <= len(cases) / 1000
