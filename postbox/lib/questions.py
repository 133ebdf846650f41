"""Questions to DNS that are asked in the background, so that nobody has to wait for a slow server.

Decides how many are out at once, that the newest go first (what has waited long is asked by slow servers, and must not
hold up what a quick one answers), and how many may wait. An answer lands in a Future, and in the resolver's own cache
for whoever asks later. It never decides what an answer means.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future

from postbox.lib.dns import Resolver, TemporaryFailure

Question = tuple[str, str]
Answer = Future[list[str]]

THREADS = 64
MOST_WAITING = 4096
# So many failures in a row, and no answer for so many seconds: DNS as a whole is away.
_FAILURES = 24
_AWAY_SECONDS = 30.0


class Questions:
    """The questions of one process. Threads are started as needed and end when nothing is left to ask."""

    def __init__(self, ask: Resolver, threads: int = THREADS, most: int = MOST_WAITING) -> None:
        self._ask, self._most_threads, self._most = ask, threads, most
        self._landed = threading.Condition()
        self._waiting: OrderedDict[Question, Answer] = OrderedDict()
        self._out: dict[Question, Answer] = {}
        self._threads = 0
        self._failures = 0
        self._answered_at = time.monotonic()

    def want(self, questions: Iterable[Question]) -> dict[Question, Answer]:
        """Have these asked; gives where their answers will be. A Future that was cancelled must be wanted again."""
        with self._landed:
            found = {question: self._place(question) for question in questions}
            while len(self._waiting) > self._most:
                self._waiting.popitem(last=False)[1].cancel()
            for _ in range(min(len(self._waiting), self._most_threads - self._threads)):
                self._threads += 1
                threading.Thread(target=self._work, name="dns", daemon=True).start()
        return found

    def wait(self, answers: Iterable[Answer], until: float) -> bool:
        """Wait until one of these has landed, or until then (monotonic). False when none has."""
        pending = list(answers)
        with self._landed:
            while not any(answer.done() for answer in pending):
                left = until - time.monotonic()
                if left <= 0 or not self._landed.wait(left):
                    return any(answer.done() for answer in pending)
        return True

    def busy(self) -> bool:
        """Whether more wait than are out: an answer will not come at once."""
        return len(self._waiting) > self._most_threads

    def away(self) -> bool:
        """Whether nothing has been answered for long: no server is there."""
        return self._failures >= _FAILURES and time.monotonic() - self._answered_at > _AWAY_SECONDS

    def _place(self, question: Question) -> Answer:
        if question in self._out:
            return self._out[question]
        answer = self._waiting.pop(question, None) or Future()
        self._waiting[question] = answer  # the newest wish goes first
        return answer

    def _work(self) -> None:
        while (taken := self._next()) is not None:
            question, answer = taken
            found: list[str] | None = None
            problem: Exception | None = None
            try:
                found = self._ask(*question)
            except TemporaryFailure as failure:
                problem = failure
            except Exception as error:  # a thread that ended would leave its question out for ever
                problem = TemporaryFailure(f"DNS could not be asked ({type(error).__name__})")
            self._land(question, answer, found, problem)

    def _next(self) -> tuple[Question, Answer] | None:
        with self._landed:
            if not self._waiting:
                self._threads -= 1
                return None
            question, answer = self._waiting.popitem()
            self._out[question] = answer
            return question, answer

    def _land(self, question: Question, answer: Answer, found: list[str] | None, problem: Exception | None) -> None:
        with self._landed:
            del self._out[question]
            if problem is None:
                self._failures, self._answered_at = 0, time.monotonic()
                answer.set_result(found or [])
            else:
                self._failures += 1
                answer.set_exception(problem)
            self._landed.notify_all()
