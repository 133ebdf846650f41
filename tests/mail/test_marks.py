"""Finding the spans of a score in the text."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from postbox.mail.marks import segments


def _marked(text: str, *spans: str) -> list[str]:
    return [part.text for part in segments(text, spans) if part.marked]


def test_a_span_is_found_whatever_its_case_and_blanks() -> None:
    assert _marked("Please IGNORE\n  all\tprevious words", "ignore all previous") == ["IGNORE\n  all\tprevious"]


def test_every_place_is_marked_and_overlapping_ones_once() -> None:
    assert _marked("one two three one two", "one two", "two three") == ["one two three", "one two"]


def test_what_is_not_there_marks_nothing() -> None:
    assert _marked("some text", "other", "", "   ") == []
    assert segments("", ["a"]) == []


def test_letters_whose_small_form_is_longer_keep_their_place() -> None:
    assert _marked("İİİ ignore İ", "ignore") == ["ignore"]


@given(st.text(), st.lists(st.text(max_size=8), max_size=5))
def test_the_parts_are_the_text(text: str, spans: list[str]) -> None:
    parts = segments(text, spans)
    assert "".join(part.text for part in parts) == text
    assert all(part.text for part in parts)


@given(st.text(max_size=20), st.text(min_size=1, max_size=10), st.text(max_size=20))
def test_what_is_there_is_marked(before: str, span: str, after: str) -> None:
    found = "".join(_marked(before + span + after, span))
    assert len(found) >= 1 or not span.strip()


def test_a_hostile_text_takes_no_longer_than_another() -> None:
    text = "a " * (128 * 1024)
    begin = time.thread_time()
    segments(text, ["a " * 79 + "b"] * 20)
    assert time.thread_time() - begin < 2


@given(
    st.text(max_size=60),
    st.lists(st.text(min_size=1, max_size=5), max_size=3),
    st.lists(st.integers(0, 60), max_size=8),
)
def test_own_words_and_quotes_are_told_apart_and_nothing_is_lost(text: str, spans: list[str], cuts: list[int]) -> None:
    ends = sorted({min(cut, len(text)) for cut in cuts})
    own = [(begin, end) for begin, end in zip(ends[::2], ends[1::2], strict=False)]
    found = segments(text, spans, own)
    assert "".join(part.text for part in found) == text
    said = "".join(part.text for part in found if not part.quoted)
    assert said == "".join(text[begin:end] for begin, end in own)
    marked = "".join(part.text for part in found if part.marked)
    assert marked == "".join(part.text for part in segments(text, spans) if part.marked)
