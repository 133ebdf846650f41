"""Trying a rule on stored mail before it is on: which would match, and what would be done.

Decides how much is looked at: so many of the agent's newest mails, and for so many seconds. It changes nothing.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from postbox.events.body import timestamp
from postbox.identity.models import AgentKey
from postbox.ingest.limits import LimitExceeded
from postbox.ingest.mime import Unparsable
from postbox.ingest.stored import case_of, content_of
from postbox.lib.envelope import MasterKeyMissing, SealBroken
from postbox.mail.keys import KeyErased, message_key
from postbox.mail.models import Direction, Message, MessageContent, Status, StepVerdict
from postbox.rules import step
from postbox.rules.compiled import CompiledRule

SECONDS = 5.0
_SUBJECT = 200
_UNREADABLE = (
    KeyErased, AgentKey.DoesNotExist, SealBroken, MasterKeyMissing, MessageContent.DoesNotExist, OSError, LimitExceeded,
    Unparsable,
)  # fmt: skip


@dataclass(slots=True)
class Trial:
    """What a trial found; ``messages`` are those that match, as the API gives them."""

    tried: int = 0
    passed_over: int = 0
    complete: bool = True
    last: uuid.UUID | None = None  # the oldest that was looked at
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def looked_at(self) -> int:
        return self.tried + self.passed_over

    def shown(self) -> dict[str, Any]:
        counts = {"tried": self.tried, "passed_over": self.passed_over, "complete": self.complete}
        return counts | {"matched": len(self.messages), "messages": self.messages}


def try_rule(agent_id: uuid.UUID, rule: CompiledRule, limit: int, before: uuid.UUID | None = None) -> Trial:
    """Ask ``rule`` about the newest ``limit`` mails of the agent, or the newest before the one that is named."""
    open_states = (Status.PROCESSED, Status.QUARANTINED)
    rows = Message.objects.filter(agent_id=agent_id, direction=Direction.INBOUND, status__in=open_states)
    if before:
        rows = rows.filter(id__lt=before)
    trial, until = Trial(), time.monotonic() + SECONDS
    for message in rows.select_related("agent").order_by("-id")[:limit]:
        if time.monotonic() > until:
            trial.complete = False
            break
        trial.last = message.id
        try:
            found = _asked(message, rule)
        except _UNREADABLE:
            trial.passed_over += 1
            continue
        trial.tried += 1
        if found:
            trial.messages.append(found)
    return trial


def _asked(message: Message, rule: CompiledRule) -> dict[str, Any] | None:
    content = content_of(message, message_key(message.id, message.agent_id))
    rows = StepVerdict.objects.filter(message_id=message.id)
    case = case_of(message, content, rows, [step.name])
    if not step.matching(case, [rule]):
        return None
    return {
        "id": str(message.id),
        "received_at": timestamp(message.received_at),
        "from": content.from_,
        "subject": content.subject[:_SUBJECT],
        "would": step.would(case, rule),
    }
