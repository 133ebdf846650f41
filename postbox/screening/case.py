"""A mail under examination, and the verdicts on it.

Decides what a step is given and must give back: a step reads the case, may add its own product (the parsed mail, the
distilled text, the score), and returns one frozen Verdict. It never writes to the database; ``decide`` turns all
verdicts into one state.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from postbox.mail.authentication import UNKNOWN, Authentication
from postbox.mail.models import Outcome, Status
from postbox.mail.parsed import Distilled, ParsedMail, Score
from postbox.screening.auth.findings import Findings
from postbox.screening.baselines.usual import Baseline, Traits
from postbox.screening.fingerprints.prints import Prints
from postbox.screening.policy import Effective


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one step found: a ``code`` for programs and ``reason``, a sentence for people."""

    step: str
    outcome: Outcome
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An automatic answer that a rule asks for: to whom, and what it says."""

    to: str
    subject: str
    text: str
    rule_id: uuid.UUID
    rule: str


@dataclass(frozen=True, slots=True)
class Forward:
    """A copy that a rule asks to be sent on."""

    to: str
    rule_id: uuid.UUID
    rule: str


@dataclass(frozen=True, slots=True)
class Effects:
    """What the agent's rules make of a mail beside their verdict. ``hits``: the rules that matched."""

    folder: str = ""
    labels: tuple[str, ...] = ()
    forwards: tuple[Forward, ...] = ()
    reply: Reply | None = None
    hits: tuple[uuid.UUID, ...] = ()


NO_EFFECTS = Effects()


@dataclass(frozen=True, slots=True)
class Repetition:
    """What of the mails before says the same, or nearly: the campaign by its first mail's id, and how far it went."""

    campaign_id: uuid.UUID
    exact: bool
    mails: int
    addresses: int


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
    # Whose address it reached, and what its door knew of who brought it; ``tls`` is empty where nobody said.
    owner_id: uuid.UUID | None = None
    address_id: uuid.UUID | None = None
    client_ip: str | None = None
    helo: str = ""
    tls: str = ""
    # How often it has waited for DNS already.
    waits: int = 0
    policy: Effective = field(default_factory=Effective)
    authentication: Authentication = UNKNOWN
    # What authentication found, where it was looked for already (postbox.screening.auth.judge).
    found: Findings | None = None
    parsed: ParsedMail | None = None
    # The octets of its attachments, in their order, until the steps that look into them are done.
    files: tuple[bytes, ...] = ()
    distilled: Distilled = field(default_factory=Distilled)
    score: Score | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    traceback: str = ""
    # What it says as keyed hashes, which of them are to be kept, what said the same (postbox.screening.fingerprints).
    prints: Prints | None = None
    new_prints: tuple[str, ...] = ()
    repeats: Repetition | None = None
    # What its owner has that others might imitate, whether no mail of its author's domain came before, and that domain
    # where this mail is to be counted for it (postbox.screening.likeness).
    own: Any = None
    domain_is_new: bool = False
    counted_domain: str = ""
    # What of it is compared with the mail before it, and what is usual of its sender and its agent.
    traits: Traits | None = None
    usual: tuple[Baseline, Baseline] | None = None
    # The agent's own rules, compiled, in their order (postbox.rules.compiled), and what they made of the mail.
    rules: Sequence[Any] = ()
    effects: Effects = NO_EFFECTS
    # Its conversation, and the names by which that is known from now on (postbox.ingest.threads).
    thread_id: uuid.UUID | None = None
    thread_keys: tuple[str, ...] = ()
    thread_taint: float | None = None

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
    Outcome.HOLD: 2,
    Outcome.ERROR: 2,
    Outcome.REFUSE: 3,
}
_STATUS = {0: Status.PROCESSED, 1: Status.PROCESSED, 2: Status.QUARANTINED, 3: Status.REFUSED}


def decide(verdicts: Iterable[Verdict]) -> Status:
    """The state that these verdicts lead to. A step that failed to give one counts as a reason to quarantine."""
    return _STATUS[max((_GRAVITY[verdict.outcome] for verdict in verdicts), default=2)]
