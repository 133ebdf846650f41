"""Which lines of a text are quotations, and that none is lost or slow to find."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.mail.quoting import pieces


def shown(text: str) -> list[tuple[bool, str]]:
    return [(piece.quoted, piece.text) for piece in pieces(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello\nthere", [(False, "Hello\nthere")]),
        ("> old\n\nnew", [(True, "> old"), (False, "new")]),
        (
            "new\n\nOn Monday, Ann wrote:\n\n> old\n> >older",
            [(False, "new"), (True, "On Monday, Ann wrote:\n\n> old\n> >older")],
        ),
        ("Am Montag schrieb Ann:\n> alt\nneu", [(True, "Am Montag schrieb Ann:\n> alt"), (False, "neu")]),
        (
            "new\n-----Original Message-----\nFrom: Ann\n\nold",
            [(False, "new"), (True, "-----Original Message-----\nFrom: Ann\n\nold")],
        ),
        ("You need:\nbread", [(False, "You need:\nbread")]),
        ("-----\nsignature", [(False, "-----\nsignature")]),
        ("", []),
        ("\n \n", []),
    ],
)
def test_quotations_are_told_from_what_was_written(text: str, expected: list[tuple[bool, str]]) -> None:
    assert shown(text) == expected


@given(st.lists(st.sampled_from(["> a", "b", "", "wrote:", "-----x-----", " > c"]), max_size=30))
def test_every_line_that_says_something_is_in_one_piece_in_order(lines: list[str]) -> None:
    told = [line for piece in pieces("\n".join(lines)) for line in piece.text.split("\n")]
    assert [line for line in told if line.strip()] == [line for line in lines if line.strip()]


def test_its_time_grows_with_the_text() -> None:
    begin = time.process_time()
    pieces("> a\n\nb:\n" * 100_000)
    assert time.process_time() - begin < 3
