"""Step ``second_opinion``: another classifier's word on mail whose score is neither clean nor an attack's.

Decides who is asked about: mail that would go to its agent and scored between two thresholds. The answer can only raise
the score. Without an answer the mail is held: it fails closed. It never runs inside a transaction, and is off unless
the settings name whom to ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from django.conf import settings

from postbox.lib import resolver
from postbox.lib.opinion import Answer, Asking, Opinion
from postbox.mail.models import Outcome, Status
from postbox.mail.parsed import Reason, Score
from postbox.screening.case import Case, Verdict, decide
from postbox.screening.injection import QUARANTINE_ABOVE, is_quarantined

name = "second_opinion"
UNAVAILABLE = "second_opinion_unavailable"
_ONE = 1


def is_on() -> bool:
    """Whether anybody is asked at all."""
    return settings.POSTBOX_SECOND_OPINION is not None


def check(case: Case) -> Verdict:
    """Ask about one mail, now."""
    asking: Asking | None = settings.POSTBOX_SECOND_OPINION
    if asking is None or not _wanted(case):
        return Verdict(name, Outcome.SKIP, "not_asked", "No second opinion was needed.")
    return _verdict(case, _opinion(asking).ask([_question(case)], asking.seconds)[0])


def check_all(cases: Sequence[Case], seconds: float) -> None:
    """Ask about those of a batch that want it, at once and within ``seconds``; they get the verdict, others none."""
    wanted = [case for case in cases if _wanted(case)]
    if wanted:
        opinion = _opinion(settings.POSTBOX_SECOND_OPINION)
        for case, answer in zip(wanted, opinion.ask([_question(case) for case in wanted], seconds), strict=True):
            case.add(_verdict(case, answer))


def _wanted(case: Case) -> bool:
    asking: Asking | None = settings.POSTBOX_SECOND_OPINION
    if asking is None or case.parsed is None or case.score is None:
        return False
    return asking.low <= case.score.score <= asking.high and decide(case.verdicts) == Status.PROCESSED


def _question(case: Case) -> tuple[str, float]:
    subject = case.parsed.subject if case.parsed else ""
    return f"{subject}\n\n{case.distilled.text}", case.score.score if case.score else 0.0


@lru_cache(_ONE)
def _opinion(asking: Asking) -> Opinion:
    """One a process, so that connections are kept and failures counted."""
    return Opinion(asking, resolver=resolver.of(settings.POSTBOX_DNS_SERVERS))


def _verdict(case: Case, answer: Answer) -> Verdict:
    own = case.score or Score()
    if isinstance(answer, str):
        reason = f"Scored {own.score:.2f}, and a second opinion could not be had ({answer}), so it is held."
        return Verdict(name, Outcome.QUARANTINE, UNAVAILABLE, reason)
    if not is_quarantined(answer):
        case.score = Score(max(own.score, answer), own.reasons)
        return Verdict(name, Outcome.PASS, "agreed", f"A second opinion scored it {answer:.2f}.")
    words = f"A second opinion scored it {answer:.2f}, above {QUARANTINE_ABOVE}."
    case.score = Score(answer, (*own.reasons, Reason(name, words)))
    return Verdict(name, Outcome.QUARANTINE, "prompt_injection", words)
