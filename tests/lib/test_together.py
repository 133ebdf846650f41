"""What several threads want at once is done together, and each gets what is its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from postbox.lib.together import NotTogether, Together


class Work:
    """Ten times each number, refusing negative ones; it waits where it is told to."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.begun, self.go_on = threading.Semaphore(0), threading.Event()
        self.go_on.set()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.calls.append(list(items))
        self.begun.release()
        assert self.go_on.wait(10)
        if min(items) < 0:
            raise ValueError("negative")
        return [item * 10 for item in items]


def at_once(work: Work, together: Together[int, int], items: Sequence[int]) -> list[Future[int]]:
    """Have the first of these begun, and the others come while it is at it, in their order."""
    work.go_on.clear()
    with ThreadPoolExecutor(len(items)) as threads:
        done = [threads.submit(together.do, items[0])]
        assert work.begun.acquire(timeout=10)
        for number, item in enumerate(items[1:], 1):
            done.append(threads.submit(together.do, item))
            for _ in range(1000):
                if len(together._waiting) == number:
                    break
                threading.Event().wait(0.005)
        work.go_on.set()
    return done


def test_what_comes_meanwhile_is_done_together_and_nobody_gets_anothers() -> None:
    work = Work()
    done = at_once(work, Together(work, most=4), range(8))
    assert [one.result(0) for one in done] == [number * 10 for number in range(8)]
    assert work.calls == [[0], [1, 2, 3, 4], [5, 6, 7]]


def test_one_by_one_each_goes_at_once() -> None:
    work = Work()
    together = Together(work, most=4)
    assert [together.do(number) for number in range(3)] == [0, 10, 20]
    assert work.calls == [[0], [1], [2]]


def test_a_failure_is_told_to_all_who_were_with_it_and_ends_nothing() -> None:
    work = Work()
    together = Together(work, most=3)
    done = at_once(work, together, [1, 2, -3, 4, 5])
    assert (done[0].result(0), done[4].result(0)) == (10, 50)
    for one in done[1:4]:
        assert isinstance(one.exception(0), NotTogether)
    with pytest.raises(ValueError, match="negative"):
        together.do(-1)
    assert together.do(7) == 70
