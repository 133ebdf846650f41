"""Many who ask DNS at once: one question for all who ask the same, so many out at a time, and an end to every wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from postbox.lib.dns import Dns, Resolver, TemporaryFailure
from tests.nameserver import Nameserver, nameserver
from tests.stalls import thrice

# So that no stall of the machine has them ask twice.
PATIENT: Any = {"query_seconds": 10, "total_seconds": 20}


@pytest.fixture
def ns() -> Iterator[Nameserver]:
    with nameserver() as made:
        yield made


def test_no_more_than_so_many_questions_are_out_at_once(ns: Nameserver) -> None:
    ns.slow_seconds = 0.05
    ask = Dns([ns.server], in_flight=3, **PATIENT)
    threads = [threading.Thread(target=ask, args=(f"n{number}.example", "A")) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(ns.asked) == 12
    assert ns.most_at_once == 3


def together(ask: Resolver, *names: str, count: int = 50) -> tuple[list[list[str]], list[str]]:
    """So many threads ask at once, each for one of the names in turn: the answers, and what failed."""
    answers: list[list[str]] = []
    failures: list[str] = []
    begin = threading.Barrier(count)

    def one(name: str) -> None:
        begin.wait()
        try:
            answers.append(ask(name, "A"))
        except TemporaryFailure as failure:
            failures.append(str(failure))

    threads = [threading.Thread(target=one, args=(names[number % len(names)],)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) + len(failures) == count
    return answers, failures


def test_fifty_who_ask_the_same_at_once_are_one_question(ns: Nameserver) -> None:
    ns.slow_seconds, ns.zone = 0.2, {("wren.example", "A"): ["192.0.2.1"]}
    ask = Dns([ns.server], **PATIENT)
    answers, failures = together(ask, "wren.example", "WREN.example.")
    assert (answers, failures) == ([["192.0.2.1"]] * 50, [])
    assert ns.asked == [("wren.example", "A")]
    assert ask._flights._out == {}
    answers[0].append("forged")
    assert answers[1] == ["192.0.2.1"]


def test_what_does_not_exist_or_fails_is_one_question_too(ns: Nameserver) -> None:
    ns.slow_seconds, ns.broken = 0.1, {"broken.example"}
    ask = Dns([ns.server], now=lambda: 0.0, **PATIENT)
    assert together(ask, "no.example")[0] == [[]] * 50
    assert len(together(ask, "broken.example")[1]) == 50
    for name in ("no.example", "broken.example"):
        once = ns.asked.count((name, "A"))
        assert 1 <= once <= 12  # of one look-up, which asks again within its second
        together(ask, name)
        assert ns.asked.count((name, "A")) == once  # remembered


def test_who_waits_for_anothers_question_waits_no_longer_than_for_an_own(ns: Nameserver) -> None:
    ns.silent = {"silent.example"}
    ask = Dns([ns.server], query_seconds=0.3, total_seconds=0.6)
    started = time.monotonic()
    assert len(together(ask, "silent.example", count=20)[1]) == 20
    assert 0.5 < time.monotonic() - started < 4.5
    assert len(ns.asked) <= 4


def test_fresh_does_not_wait_for_an_older_question(ns: Nameserver) -> None:
    ns.slow_seconds, ns.zone = 0.3, {("wren.example", "A"): ["192.0.2.1"]}
    ask = Dns([ns.server], **PATIENT)
    older = threading.Thread(target=ask, args=("wren.example", "A"))
    older.start()
    while not ns.asked:
        time.sleep(0.01)
    assert ask.fresh("wren.example", "A") == ["192.0.2.1"]
    older.join(30)
    assert len(ns.asked) == 2


class Interrupted(BaseException):
    """As a signal's handler raises it, wherever its thread is."""


def test_a_question_whose_asker_was_interrupted_is_asked_by_one_who_waits(
    ns: Nameserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ns.zone = {("wren.example", "A"): ["192.0.2.1"]}
    ask, answer, waiting = Dns([ns.server], **PATIENT), Dns._answer, threading.Event()
    calls: list[str] = []

    def interrupting(self: Dns, name: Any, rdtype: str, seconds: float) -> Any:
        if self is not ask:  # of another test, whose last question is still out
            return answer(self, name, rdtype, seconds)
        calls.append(threading.current_thread().name)
        if len(calls) == 1:
            waiting.wait(30)
            time.sleep(0.1)  # they board
            raise Interrupted
        return answer(self, name, rdtype, seconds)

    monkeypatch.setattr(Dns, "_answer", interrupting)
    seen: list[type[BaseException]] = []

    def first() -> None:
        try:
            ask("wren.example", "A")
        except Interrupted as error:
            seen.append(type(error))

    thread = threading.Thread(target=first)
    thread.start()
    while not calls:
        time.sleep(0.01)
    waiting.set()
    assert together(ask, "wren.example", count=10) == ([["192.0.2.1"]] * 10, [])
    thread.join(30)
    assert seen == [Interrupted]
    assert len(calls) == 2
    assert len(ns.asked) == 1


def test_a_flight_that_never_lands_is_given_up(ns: Nameserver) -> None:
    ask = Dns([ns.server])
    ns.zone = {("wren.example", "A"): ["192.0.2.1"]}
    ask._flights.board(("wren.example", "A"), time.monotonic() + 0.1)  # and its thread is ended here
    time.sleep(0.15)
    assert ask("wren.example", "A") == ["192.0.2.1"]


@thrice
def test_many_slow_names_keep_nobody_from_what_is_known(ns: Nameserver) -> None:
    """A thousand names at a server that does not answer: all end in time, and what is kept is given at once."""
    ns.zone = {("wren.example", "A"): ["192.0.2.1"]}
    slow = [f"n{number}.slow.example" for number in range(1000)]
    ns.silent = set(slow)
    ask = Dns([ns.server], query_seconds=0.2, total_seconds=0.4, in_flight=32)
    assert ask("wren.example", "A") == ["192.0.2.1"]
    longest = 0.0

    def asking() -> None:
        while slow:
            with suppress(TemporaryFailure, IndexError):
                ask(slow.pop(), "A")

    threads = [threading.Thread(target=asking) for _ in range(100)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        began = time.monotonic()
        assert ask("wren.example", "A") == ["192.0.2.1"]
        longest = max(longest, time.monotonic() - began)
        time.sleep(0.02)
    assert len({name for name, _ in ns.asked}) > 100  # the fault landed
    assert longest < 0.5
    assert ask._flights._out == {}


def test_waiting_for_a_turn_ends_too(ns: Nameserver) -> None:
    ns.go_on.clear()
    ask = Dns([ns.server], in_flight=1, **PATIENT)
    first = threading.Thread(target=ask, args=("slow.example", "A"))
    impatient = Dns([ns.server], total_seconds=0.2)
    impatient._turns = ask._turns
    first.start()
    while not ns.asked:
        time.sleep(0.01)
    with pytest.raises(TemporaryFailure, match="too many"):
        impatient("other.example", "A")
    ns.go_on.set()
    first.join(30)
