"""Asking somebody else how likely a text is an attack: an HTTP service, or a function in this process.

Decides how long is waited and when asking stops for a while. No answer, a late one and one that makes no sense are all
the same: a word that says why there is none. It never decides what follows from an answer, and never raises for what
the other side does.
"""

from __future__ import annotations

import importlib
import json
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from postbox.lib.egress import Client
from postbox.lib.resolver import Resolver, system

Question = tuple[str, float]
"""The text, and our own score of it."""
Answer = float | str
"""A score in 0..1, or why there is none."""

WORKERS = 8
_MOST_THREADS = 2 * WORKERS
_FAILURES = 5
_PAUSE_SECONDS = 30.0
_TEXT_CHARACTERS = 256 * 1024


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom to ask (an http or https URL, or ``package.module.function``), about what, and for how long at most.

    ``low`` and ``high``: only texts that we scored between them, both included. ``seconds``: for one answer.
    """

    target: str
    low: float
    high: float
    seconds: float
    token: str = field(default="", repr=False)
    allow_loopback: bool = False

    @property
    def is_remote(self) -> bool:
        return "://" in self.target


class Opinion:
    """Asks many questions at once; one serves every thread of a process. ``now`` is for tests."""

    def __init__(
        self, asking: Asking, *, resolver: Resolver = system, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.asking = asking
        self._client = Client(
            allow_loopback=asking.allow_loopback, resolver=resolver, total_seconds=asking.seconds,
            connect_seconds=asking.seconds,
        )  # fmt: skip
        self._now = now
        self._lock = threading.Lock()
        self._threads = threading.BoundedSemaphore(_MOST_THREADS)
        self._failures = 0
        self._paused_until = 0.0

    def ask(self, questions: Sequence[Question], seconds: float) -> list[Answer]:
        """An answer to each question, in ``seconds`` for all of them. After several failures on end it asks nobody for
        half a minute, so that a service that is down does not hold up the mail behind it.
        """
        answers: list[Answer] = ["timeout"] * len(questions)
        until = time.monotonic() + seconds
        left = deque(enumerate(questions))
        threads = [self._thread(left, answers, until) for _ in range(min(WORKERS, len(questions)))]
        started = [thread for thread in threads if thread]
        for thread in started:
            thread.join(max(0.0, until - time.monotonic()))
        return list(answers) if started else ["busy"] * len(questions)  # what comes later is too late

    def _thread(
        self, left: deque[tuple[int, Question]], answers: list[Answer], until: float
    ) -> threading.Thread | None:
        """A thread that takes questions until there are none; none while too many hang in calls that never end."""
        if not self._threads.acquire(blocking=False):
            return None
        thread = threading.Thread(target=self._work, args=(left, answers, until), daemon=True, name="second-opinion")
        thread.start()
        return thread

    def _work(self, left: deque[tuple[int, Question]], answers: list[Answer], until: float) -> None:
        try:
            while time.monotonic() < until:
                try:
                    index, question = left.popleft()
                except IndexError:
                    return
                answers[index] = self._answer(*question)
        finally:
            self._threads.release()

    def _answer(self, text: str, score: float) -> Answer:
        with self._lock:
            if self._now() < self._paused_until:
                return "paused"
        began = time.monotonic()
        try:
            found = self._remote(text, score) if self.asking.is_remote else self._local(text, score)
        except Exception as error:  # a classifier of somebody else's: whatever it does, there is no answer
            found = f"failed: {type(error).__name__}"
        if time.monotonic() - began > self.asking.seconds:
            found = "timeout"
        self._count(isinstance(found, float))
        return found

    def _count(self, answered: bool) -> None:
        with self._lock:
            self._failures = 0 if answered else self._failures + 1
            if self._failures >= _FAILURES:
                self._failures = 0
                self._paused_until = self._now() + _PAUSE_SECONDS

    def _remote(self, text: str, score: float) -> Answer:
        body = json.dumps({"text": text[:_TEXT_CHARACTERS], "score": score}).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.asking.token:
            headers["Authorization"] = f"Bearer {self.asking.token}"
        answer = self._client.post(self.asking.target, body, headers)
        if answer.trouble:
            return str(answer.trouble)
        if answer.status != 200:
            return f"status {answer.status}"
        return score_in(json.loads(answer.body))

    def _local(self, text: str, score: float) -> Answer:
        module, _, name = self.asking.target.rpartition(".")
        return score_in(getattr(importlib.import_module(module), name)(text[:_TEXT_CHARACTERS], score))


def score_in(answer: object) -> Answer:
    """The score of an answer: a number, or ``{"score": number}``, in 0..1."""
    value = answer.get("score") if isinstance(answer, dict) else answer
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "no score in the answer"
    return float(value) if math.isfinite(value) and 0 <= value <= 1 else "a score outside 0..1"
