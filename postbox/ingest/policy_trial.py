"""Trying a policy on stored mail before it bites: what would become of mail that is there, and why.

Decides how much is looked at: so many of the newest mails that the policy is about, and for so many seconds. It changes
nothing and asks no DNS: who sent a mail is taken as it was found when the mail came.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from postbox.events.body import timestamp
from postbox.identity.models import AgentKey
from postbox.ingest.limits import LimitExceeded
from postbox.ingest.mime import Unparsable
from postbox.ingest.pipeline import STEPS, examine
from postbox.ingest.stored import case_of, content_of
from postbox.lib.envelope import MasterKeyMissing, SealBroken
from postbox.mail.authentication import authentication_of
from postbox.mail.keys import KeyErased, message_key
from postbox.mail.models import Direction, Message, MessageContent, Status, StepVerdict
from postbox.screening import policies
from postbox.screening.auth.findings import Findings
from postbox.screening.auth.judge import author_of
from postbox.screening.auth.ruling import VOUCHED
from postbox.screening.case import Case, decide
from postbox.screening.models import Policy
from postbox.screening.policy import Effective, policies_of

SECONDS = 20.0
MOST = 500
_SUBJECT = 200
_STATES = (Status.PROCESSED, Status.QUARANTINED, Status.REFUSED)
# Steps whose evidence is all there. The others keep the verdicts that they gave: they looked at what had come before
# the mail, or changed its text.
_ANEW = frozenset({"transport", "authenticate", "allow", "attachments"})
_UNREADABLE = (
    KeyErased, AgentKey.DoesNotExist, SealBroken, MasterKeyMissing, MessageContent.DoesNotExist, OSError, LimitExceeded,
    Unparsable,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One mail that would have gone another way."""

    id: uuid.UUID
    received_at: str
    sender: str
    subject: str
    before: str
    after: str
    why: str

    def shown(self) -> dict[str, Any]:
        return {
            "id": str(self.id), "received_at": self.received_at, "from": self.sender, "subject": self.subject,
            "before": self.before, "after": self.after, "why": self.why,
        }  # fmt: skip


@dataclass(slots=True)
class Tried:
    """What a trial found. ``decided``: mails whose state is an operator's word, which no policy changes."""

    tried: int = 0
    passed_over: int = 0
    decided: int = 0
    complete: bool = True
    changes: list[Change] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many would go from which state to which."""
        found: dict[str, int] = {}
        for change in self.changes:
            name = f"{change.before} to {change.after}"
            found[name] = found.get(name, 0) + 1
        return found

    def shown(self) -> dict[str, Any]:
        return {
            "tried": self.tried,
            "passed_over": self.passed_over,
            "decided": self.decided,
            "complete": self.complete,
            "changes": self.counts(),
            "messages": [change.shown() for change in self.changes],
        }


def try_policy(owner_id: uuid.UUID, draft: Mapping[str, Any], limit: int = 200) -> Tried:
    """Judge the newest ``limit`` mails that the draft is about as if it held. ``draft`` is what ``policies.put`` takes.

    Raises NotYours, Invalid.
    """
    with transaction.atomic():
        # The very change, taken back: what is tried is what would be put, with all levels around it.
        policy = policies.put(owner_id, draft, actor="trial")
        messages = list(_about(policy).order_by("-id")[: min(limit, MOST)])
        effective = policies_of(message.address_id for message in messages)
        transaction.set_rollback(True)
    tried, until = Tried(), time.monotonic() + SECONDS
    for message in messages:
        if time.monotonic() > until:
            tried.complete = False
            break
        _try(message, effective[message.address_id], tried)
    return tried


def _about(policy: Policy) -> QuerySet[Message]:
    """The mail that has come to addresses of this policy's."""
    rows = Message.objects.filter(direction=Direction.INBOUND, status__in=_STATES).select_related("agent")
    if policy.address_id:
        return rows.filter(address_id=policy.address_id)
    if policy.agent_id:
        return rows.filter(agent_id=policy.agent_id)
    rows = rows.filter(agent__owner_id=policy.owner_id)
    return rows.filter(address__domain_id=policy.domain_id) if policy.domain_id else rows


def _try(message: Message, policy: Effective, tried: Tried) -> None:
    if message.decided_by:
        tried.decided += 1
        return
    steps = [step for step in STEPS if step.name in _ANEW]
    try:
        content = content_of(message, message_key(message.id, message.agent_id))
        rows = list(StepVerdict.objects.filter(message_id=message.id))
        case = case_of(message, content, rows, [step.name for step in steps])
    except _UNREADABLE:
        tried.passed_over += 1
        return
    tried.tried += 1
    case.policy, case.found = policy, _as_found(message, case, rows)
    after, why = _judged(case, steps)
    if after != message.status:
        subject = content.subject[:_SUBJECT]
        at = timestamp(message.received_at)
        tried.changes.append(Change(message.id, at, message.header_from, subject, message.status, after, why))


def _as_found(message: Message, case: Case, rows: list[StepVerdict]) -> Findings:
    """What was found of its author when it came."""
    given = authentication_of(message)
    by_sealer = any(row.step == "authenticate" and row.code == VOUCHED for row in rows)
    return Findings(
        given,
        f"SPF {given.spf}; DKIM {given.dkim}; DMARC {given.dmarc}.",
        author_of(case.parsed) if case.parsed else "",
        "A sealer" if by_sealer else "",
        looked=bool(message.client_ip) or bool({given.spf, given.dkim, given.dmarc} - {"none"}),
    )


def _judged(case: Case, steps: list[ModuleType]) -> tuple[str, str]:
    kept = len(case.verdicts)
    examine(case, steps)
    after = decide(case.verdicts)
    made = case.verdicts[kept:]
    why = next((verdict.reason for verdict in made if decide([verdict]) == after and after != Status.PROCESSED), "")
    return after, why or "Nothing would hold it."
