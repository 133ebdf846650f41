"""Questions in the background: the newest first, each once, bounded, and nobody waits longer than he said."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from postbox.lib.dns import TemporaryFailure
from postbox.lib.questions import Question, Questions


class Slow:
    """Answers one question for each release."""

    def __init__(self) -> None:
        self.turns = threading.Semaphore(0)
        self.asked: list[str] = []
        self.failing = False

    def __call__(self, name: str, rdtype: str) -> list[str]:
        self.asked.append(name)
        assert self.turns.acquire(timeout=10)
        if self.failing:
            raise TemporaryFailure("on purpose")
        if name == "crash":
            raise ZeroDivisionError
        return [name]


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    yield made
    made.turns.release(1000)


def q(name: str) -> Question:
    return name, "TXT"


def until(seconds: float = 15.0) -> float:
    return time.monotonic() + seconds


def test_the_newest_goes_first_and_each_is_asked_once(slow: Slow) -> None:
    questions = Questions(slow, threads=1)
    first = questions.want([q("out")])[q("out")]
    while not slow.asked:
        time.sleep(0.001)
    later = questions.want([q("old")]) | questions.want([q("new")])
    assert questions.want([q("out"), q("old")])[q("out")] is first
    slow.turns.release(3)
    for answer in (first, *later.values()):
        assert questions.wait([answer], until())
    assert slow.asked == ["out", "old", "new"]  # old was wished for again, and so became the newest


def test_waiting_ends_in_time_and_the_answer_still_lands(slow: Slow) -> None:
    questions = Questions(slow)
    answer = questions.want([q("a")])[q("a")]
    assert not questions.wait([answer], until(0.05))
    slow.turns.release()
    assert questions.wait([answer], until())
    assert answer.result() == ["a"]


def test_a_failure_and_a_crash_are_failures(slow: Slow) -> None:
    questions = Questions(slow)
    answers = questions.want([q("crash")])
    slow.turns.release()
    with pytest.raises(TemporaryFailure, match="ZeroDivisionError"):
        answers[q("crash")].result(15)


def test_what_waits_is_bounded_and_what_was_dropped_can_be_wished_for_again(slow: Slow) -> None:
    questions = Questions(slow, threads=1, most=2)
    answers = [questions.want([q(str(number))])[q(str(number))] for number in range(6)]
    assert any(answer.cancelled() for answer in answers)
    assert len(questions._waiting) <= 2
    slow.turns.release(20)
    assert questions.want([q("1")])[q("1")].result(15) == ["1"]


def test_dns_is_away_after_many_failures_and_back_with_one_answer(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postbox.lib.questions._AWAY_SECONDS", 0.0)
    questions, slow.failing = Questions(slow), True
    slow.turns.release(100)
    for number in range(24):
        assert not questions.away()
        assert questions.want([q(str(number))])[q(str(number))].exception(15)
    assert questions.away()
    slow.failing = False
    assert questions.want([q("x")])[q("x")].result(15) == ["x"]
    assert not questions.away()
