"""What a check's setting may be: said once, in its field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from postbox.screening.allowed import choice, flag, number, readable, readers_of, texts, wrong
from postbox.screening.policy import Checks


def _no_stars(text: str) -> None:
    if "*" in text:
        raise ValueError("must not hold a star")


@dataclass(frozen=True, slots=True)
class Some:
    what: str = choice("report", "report", "mask")
    most: int = number(5, least=1, most=10)
    on: bool = flag(default=False)
    words: tuple[str, ...] = texts(most=2, longest=5, extra=_no_stars)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("what", "burn", "must be one of report, mask"),
        ("what", None, "must be one of"),
        ("most", 11, "between 1 and 10"),
        ("most", True, "between 1 and 10"),
        ("on", 1, "true or false"),
        ("words", "ab", "a list of 2"),
        ("words", ["a", "b", "c"], "a list of 2"),
        ("words", ["toolong"], "1 to 5"),
        ("words", ["*"], "star"),
        ("other", 1, "is no setting of a check; there are: most, on, what, words"),
    ],
)
def test_what_is_wrong_is_said_and_never_used(name: str, value: Any, said: str) -> None:
    assert said in wrong(Some, {name: value, "on": True} if name != "on" else {name: value})[name]
    assert name not in readable(Some, {name: value})


def test_what_is_right_is_read() -> None:
    given = {"what": "mask", "most": 10, "on": True, "words": ["b", "a", "b"][:2]}
    assert wrong(Some, given) == {}
    assert Some(**readable(Some, given)) == Some("mask", 10, True, ("b", "a"))


def test_every_setting_of_every_check_is_declared_and_its_default_is_allowed() -> None:
    for name, read in readers_of(Checks).items():
        read(getattr(Checks(), name))
