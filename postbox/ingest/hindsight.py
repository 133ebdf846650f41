"""Stored mail judged a second time, as if it had just come, by what was known when it did.

Decides which steps can be judged anew, and on what evidence. DNS is not asked again: who sent a mail is taken as it was
found. What is known of mail before it is looked up as the pipeline does, less what came with it or later; what was
unusual about it is taken as it was found, since baselines have moved on. It writes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import ModuleType

from postbox.ingest import pipeline
from postbox.mail.authentication import authentication_of
from postbox.mail.models import Message, Outcome, StepVerdict
from postbox.screening.auth.findings import Findings
from postbox.screening.auth.judge import author_of
from postbox.screening.auth.ruling import VOUCHED
from postbox.screening.case import Case, Verdict
from postbox.screening.likeness.correspondents import domain_of
from postbox.screening.models import Correspondent
from postbox.screening.steps import (
    allow,
    anomalies,
    attachments,
    authenticate,
    distil,
    dlp,
    duplicate,
    lookalike,
    score,
    transport,
)
from postbox.screening.steps.harm import outcome_of

# Those before the look-up, and those after it.
_BEFORE: tuple[ModuleType, ...] = (transport, authenticate, allow, distil)
_AFTER: tuple[ModuleType, ...] = (duplicate, score, lookalike, dlp, attachments)
STEPS: tuple[ModuleType, ...] = (*_BEFORE, *_AFTER, anomalies)
# Judged anew by what was found then.
AS_FOUND = frozenset({authenticate.name, anomalies.name})
_UNREMARKABLE = frozenset({Outcome.PASS, Outcome.SKIP})


@dataclass(frozen=True, slots=True)
class Stored:
    """A message, its case without the verdicts of these steps, all verdicts that it has, and the words of each."""

    message: Message
    case: Case
    rows: Sequence[StepVerdict]
    words: Sequence[str]

    def found(self, step: str) -> tuple[StepVerdict, str] | None:
        """What a step had said, in its row and in words."""
        words = [*self.words, *([""] * len(self.rows))]
        return next(((row, said) for row, said in zip(self.rows, words, strict=False) if row.step == step), None)


def judge(stored: Sequence[Stored]) -> None:
    """Give each case the verdicts of these steps by the policy that it has. A few queries for all of them."""
    for one in stored:
        one.case.found = _as_found(one)
        pipeline.understand(one.case)
    pipeline.look_up([one.case for one in stored])
    _less_what_came_later(stored)
    for one in stored:
        pipeline.judge(one.case, _AFTER)
        if goes_on(one.case) and (found := one.found(anomalies.name)):
            one.case.add(_unusual(one.case, *found))


def goes_on(case: Case) -> bool:
    """Whether nothing that was judged last refuses the mail."""
    return bool(case.verdicts) and case.verdicts[-1].outcome != Outcome.REFUSE


def _as_found(one: Stored) -> Findings:
    """What was found of its author when it came."""
    given, message = authentication_of(one.message), one.message
    by_sealer = any(row.step == authenticate.name and row.code == VOUCHED for row in one.rows)
    return Findings(
        given,
        f"SPF {given.spf}; DKIM {given.dkim}; DMARC {given.dmarc}.",
        author_of(one.case.parsed) if one.case.parsed else "",
        "A sealer" if by_sealer else "",
        looked=bool(message.client_ip) or bool({given.spf, given.dkim, given.dmarc} - {"none"}),
    )


def _less_what_came_later(stored: Sequence[Stored]) -> None:
    """A mail is no repetition of itself, nor of a campaign that began with it or after it; likewise its domain."""
    domains = {(one.case.owner_id, domain_of(one.case)) for one in stored}
    rows = Correspondent.objects.filter(
        owner_id__in={owner for owner, _ in domains}, domain__in={domain for _, domain in domains}
    )
    first: dict[tuple[uuid.UUID | None, str], datetime] = {
        (owner, domain): at for owner, domain, at in rows.values_list("owner_id", "domain", "first_seen")
    }
    for one in stored:
        case = one.case
        if case.repeats and case.repeats.campaign_id >= case.id:
            case.repeats = None
        elif case.repeats and (found := one.found(duplicate.name)):  # its own prints are among those that are kept
            case.repeats = replace(case.repeats, exact=found[0].code == "duplicate_of")
        at = first.get((case.owner_id, domain_of(case)))
        case.domain_is_new = case.domain_is_new or (at is not None and at >= case.received_at)


def _unusual(case: Case, row: StepVerdict, words: str) -> Verdict:
    outcome = Outcome(row.outcome)
    if outcome not in _UNREMARKABLE and outcome != Outcome.ERROR:
        outcome = outcome_of(case.policy.checks.anomalies)
    return Verdict(row.step, outcome, row.code, words)
