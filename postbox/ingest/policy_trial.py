"""Trying a policy on stored mail before it bites: what would become of mail that is there, and why.

Decides how much is looked at: so many of the newest mails that the policy is about, and for so many seconds. It changes
nothing and asks no DNS. What is judged anew, and by what evidence, is hindsight's part; the rest keeps its verdicts.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from postbox.events.body import timestamp
from postbox.identity.models import AgentKey
from postbox.ingest import hindsight
from postbox.ingest.limits import LimitExceeded
from postbox.ingest.mime import Unparsable
from postbox.ingest.stored import batches, case_of, content_of
from postbox.lib.envelope import MasterKeyMissing, SealBroken
from postbox.mail.content import Content
from postbox.mail.keys import KeyErased, message_key
from postbox.mail.models import Direction, Message, MessageContent, Status, StepVerdict
from postbox.rules import step as rules
from postbox.screening import policies
from postbox.screening.case import decide
from postbox.screening.models import Policy
from postbox.screening.policy import Effective, policies_of
from postbox.screening.steps import second_opinion

SECONDS = 20.0
MOST = 500
_SUBJECT = 200
_STATES = (Status.PROCESSED, Status.QUARANTINED, Status.REFUSED)
# How each step is judged, for who reads the result.
ANEW, THEN, KEPT = "judged anew", "judged anew by what was found when the mail came", "kept as it was"
STEPS = {
    "parse": KEPT,
    **{step.name: THEN if step.name in hindsight.AS_FOUND else ANEW for step in hindsight.STEPS},
    second_opinion.name: KEPT,
    rules.name: KEPT,
}
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
    step: str = ""

    def shown(self) -> dict[str, Any]:
        return {
            "id": str(self.id), "received_at": self.received_at, "from": self.sender, "subject": self.subject,
            "before": self.before, "after": self.after, "why": self.why, "step": self.step,
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
            "steps": STEPS,
            "changes": self.counts(),
            "messages": [change.shown() for change in self.changes],
        }


def steps_in_words() -> list[tuple[str, str]]:
    """How steps are judged, each way with the names of those that are judged so."""
    return [(how, ", ".join(name for name in STEPS if STEPS[name] == how)) for how in (ANEW, THEN, KEPT)]


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
    for batch in batches(messages):
        if time.monotonic() > until:
            tried.complete = False
            break
        _try(batch, effective, tried)
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


def _try(messages: Sequence[Message], effective: Mapping[uuid.UUID | None, Effective], tried: Tried) -> None:
    opened = []
    for message in messages:
        if message.decided_by:
            tried.decided += 1
        elif (one := _open(message)) is None:
            tried.passed_over += 1
        else:
            one[0].case.policy = effective[message.address_id]
            opened.append((*one, len(one[0].case.verdicts)))
    hindsight.judge([stored for stored, _, _ in opened])
    for stored, content, kept in opened:
        tried.tried += 1
        _compare(stored, content, kept, tried)


def _open(message: Message) -> tuple[hindsight.Stored, Content] | None:
    """None where it cannot be read."""
    try:
        content = content_of(message, message_key(message.id, message.agent_id))
        rows = list(StepVerdict.objects.filter(message_id=message.id))
        case = case_of(message, content, rows, [step.name for step in hindsight.STEPS])
    except _UNREADABLE:
        return None
    return hindsight.Stored(message, case, rows, content.words), content


def _compare(stored: hindsight.Stored, content: Content, kept: int, tried: Tried) -> None:
    message, verdicts = stored.message, stored.case.verdicts
    after = decide(verdicts)
    if after == message.status:
        return
    decided = [one for one in verdicts[kept:] if decide([one]) == after and after != Status.PROCESSED]
    step, why = (decided[0].step, decided[0].reason) if decided else ("", "Nothing would hold it.")
    at, subject = timestamp(message.received_at), content.subject[:_SUBJECT]
    change = Change(message.id, at, message.header_from, subject, message.status, after, why, step)
    tried.changes.append(change)
