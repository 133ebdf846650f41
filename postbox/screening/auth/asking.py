"""Asking DNS for a whole batch of mails at once, between the steps that read them and those that judge them.

Decides how long a batch waits, which mails are given back to wait longer, and for how long in all. A mail whose answers
are kept already costs no thread and no wait. What never answers ends as ``temperror``, which the policy then rules on.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache

from django.conf import settings

from postbox.lib import dns
from postbox.lib.dns import TemporaryFailure
from postbox.lib.questions import Answer, Questions
from postbox.screening.auth.findings import Missing, Question
from postbox.screening.auth.judge import judge
from postbox.screening.auth.ruling import counts, undecided
from postbox.screening.case import Case

# While DNS keeps up a batch waits for most answers; behind a queue of questions waiting helps nobody.
_BATCH_SECONDS, _BUSY_SECONDS = 0.4, 0.02
# Seconds between tries. Where only a record is made of the verdicts, mail waits for the first few alone.
WAITS = (0.5, 1, 2, 4, 8, 15, 30, 60)
_WAITS_FOR_THE_RECORD = 2

_Lacking = list[tuple[Case, Missing]]


def wait_of(case: Case) -> timedelta:
    """How long a mail that ``gather`` gave back should wait."""
    return timedelta(seconds=WAITS[min(case.waits, len(WAITS) - 1)])


def gather(cases: Sequence[Case], seconds: float) -> list[Case]:
    """Find out who sent these mails, within ``seconds`` or less. Returns those that should wait for their answers.

    All others have ``found``, but for one over which this crashed: the step crashes over it again, and notes it.
    """
    servers = settings.POSTBOX_DNS_SERVERS
    known = _Known(dns.shared(servers))
    lacking, waiting = _look(cases, known), []
    if lacking:
        questions = _questions(servers)
        lacking = _ask(lacking, known, questions, seconds)
        for case, missing in lacking:
            if missing.decides and _may_wait(case) and (counts(case.policy) or not questions.away()):
                waiting.append(case)
            else:
                with suppress(Exception):
                    case.found = judge(case, known.or_fail)
    return waiting + [case for case in cases if case.found and undecided(case.policy, case.found) and _may_wait(case)]


def _look(cases: Iterable[Case], known: _Known) -> _Lacking:
    """Judge by what is known; gives the cases that lack answers, and what they lack."""
    lacking = []
    for case in cases:
        with suppress(Exception):
            try:
                case.found = judge(case, known.ask)
            except Missing as missing:
                lacking.append((case, missing))
    return lacking


def _ask(lacking: _Lacking, known: _Known, questions: Questions, seconds: float) -> _Lacking:
    """Ask round by round, since one answer leads to the next question; gives what still lacks when time is over."""
    until = time.monotonic() + min(_BUSY_SECONDS if questions.busy() else _BATCH_SECONDS, seconds)
    while lacking:
        wanted = known.lacks(question for _, missing in lacking for question in missing.questions)
        known.answers |= questions.want(wanted)
        landed = questions.wait([known.answers[question] for question in wanted], until)
        ready = [case for case, missing in lacking if not known.lacks(missing.questions)]
        lacking = [item for item in lacking if known.lacks(item[1].questions)] + _look(ready, known)
        if not landed or time.monotonic() > until:
            break
    return lacking


def _may_wait(case: Case) -> bool:
    return case.waits < (len(WAITS) if counts(case.policy) else _WAITS_FOR_THE_RECORD)


@lru_cache(4)
def _questions(servers: tuple[dns.Server, ...]) -> Questions:
    """One a process, since its limits are a process's."""
    return Questions(dns.shared(servers))


class _Known:
    """What has been answered: in this batch, or before and kept."""

    def __init__(self, kept: dns.Dns) -> None:
        self._kept = kept
        self.answers: dict[Question, Answer] = {}

    def ask(self, name: str, rdtype: str) -> list[str]:
        """A Resolver that raises Missing for what is not known."""
        answer = self.answers.get((name, rdtype))
        if answer is not None and answer.done() and not answer.cancelled():
            return answer.result()
        found = self._kept.peek(name, rdtype)
        if found is None:
            raise Missing([(name, rdtype)])
        return found

    def or_fail(self, name: str, rdtype: str) -> list[str]:
        """A Resolver to which what is not known is a failure."""
        try:
            return self.ask(name, rdtype)
        except Missing as missing:
            raise TemporaryFailure("DNS did not answer in time") from missing

    def lacks(self, questions: Iterable[Question]) -> set[Question]:
        """Those that have not landed."""
        return {q for q in questions if (answer := self.answers.get(q)) is None or not answer.done()}
