"""A mail under examination, and the verdicts on it.

Decides what a step is given and must give back: a step reads the case, may add its own product (the parsed mail, the
distilled text, the score), and returns one frozen Verdict. It never writes to the database; ``decide`` turns all
verdicts into one state.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from postbox.mail.models import Outcome, Status
from postbox.mail.parsed import Distilled, ParsedMail, Score


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one step found: a ``code`` for programs and ``reason``, a sentence for people."""

    step: str
    outcome: Outcome
    code: str
    reason: str


@dataclass(slots=True)
class Case:
    """One mail on its way through the steps."""

    id: uuid.UUID
    agent_id: uuid.UUID
    agent_name: str
    raw: bytes
    mail_from: str
    rcpt_to: str
    received_at: datetime
    parsed: ParsedMail | None = None
    distilled: Distilled = field(default_factory=Distilled)
    score: Score | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    traceback: str = ""

    def add(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)


class Step(Protocol):
    """A stage of the pipeline: a name for verdicts and metrics, and the check itself."""

    name: str

    def __call__(self, case: Case) -> Verdict: ...


# From the mildest to the gravest; the gravest verdict decides.
_GRAVITY = {
    Outcome.PASS: 0,
    Outcome.SKIP: 0,
    Outcome.FLAG: 1,
    Outcome.QUARANTINE: 2,
    Outcome.ERROR: 2,
    Outcome.REFUSE: 3,
}
_STATUS = {0: Status.PROCESSED, 1: Status.PROCESSED, 2: Status.QUARANTINED, 3: Status.REFUSED}


def decide(verdicts: Iterable[Verdict]) -> Status:
    """The state that these verdicts lead to. A step that failed to give one counts as a reason to quarantine."""
    return _STATUS[max((_GRAVITY[verdict.outcome] for verdict in verdicts), default=2)]
