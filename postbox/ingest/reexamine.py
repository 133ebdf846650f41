"""Scoring stored mail again, or applying the rules to it again.

Decides anew from what is stored: the sealed content, and the raw mail where a rule needs it. It writes the score, the
reasons, the verdicts of the steps it ran, and the state that follows; it never sends a second event for a mail.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence
from types import ModuleType

from django.db import transaction

from postbox.ingest.mime import parse
from postbox.ingest.pipeline import examine
from postbox.mail.content import Content
from postbox.mail.keys import message_key, open_part, seal_part
from postbox.mail.models import Direction, Message, MessageContent, Outcome, Status, StepVerdict, check_transition
from postbox.mail.raw import raw_of
from postbox.rules import step as rules
from postbox.screening.case import Case, Verdict, decide
from postbox.screening.steps import distil, score

_OPEN = (Status.PROCESSED, Status.QUARANTINED)


def rescore(ids: Sequence[str]) -> int:
    """Distil, score and judge these messages again. Returns how many there were."""
    return sum(_again(message, (distil, score, rules)) for message in _stored(ids))


def reapply(ids: Sequence[str]) -> int:
    """Apply the rules to these messages again. Returns how many there were."""
    return sum(_again(message, (rules,)) for message in _stored(ids))


def _stored(ids: Sequence[str]) -> list[Message]:
    found = Message.objects.filter(pk__in=ids, direction=Direction.INBOUND, status__in=_OPEN)
    return list(found.select_related("agent"))


def _again(message: Message, steps: Sequence[ModuleType]) -> bool:
    key = message_key(message.id, message.agent_id)
    case = _case(message)
    examine(case, steps)
    with transaction.atomic():
        _write(message.id, message.agent_id, key, case)
    return True


def _case(message: Message) -> Case:
    raw = raw_of(message.id, message.agent_id)
    case = Case(
        message.id, message.agent_id, message.agent.name, raw, message.mail_from, message.rcpt_to, message.received_at
    )
    case.parsed = parse(raw)
    return case


def _write(message_id: uuid.UUID, agent_id: uuid.UUID, key: bytes, case: Case) -> None:
    message = Message.objects.select_for_update().get(pk=message_id)
    stored = MessageContent.objects.get(pk=message_id)
    content = Content.load(open_part(key, stored.body, message_id, "content", agent_id))
    verdicts = list(StepVerdict.objects.filter(message_id=message_id))
    words = _replace(verdicts, content.words, case.verdicts)
    if case.score:
        message.injection_score = case.score.score
        reasons = [reason.words for reason in case.score.reasons]
        spans = [reason.span for reason in case.score.reasons if reason.span]
        content = dataclasses.replace(content, reasons=reasons, spans=spans)
    _move(message, verdicts)
    content = dataclasses.replace(content, words=words)
    stored.body = seal_part(key, content.dump(), message_id, "content", agent_id)
    StepVerdict.objects.bulk_update(verdicts, ["outcome", "code"])
    stored.save(update_fields=["body"])
    message.save(update_fields=["injection_score", "status", "quarantined"])


def _replace(verdicts: list[StepVerdict], words: list[str], new: Sequence[Verdict]) -> list[str]:
    """Put each new verdict in the place of its step's old one; gives the words of all."""
    fresh = {verdict.step: verdict for verdict in new}
    said = list(words)
    for index, row in enumerate(verdicts):
        if verdict := fresh.get(row.step):
            row.outcome, row.code, said[index] = verdict.outcome, verdict.code, verdict.reason
    return said


def _move(message: Message, verdicts: Sequence[StepVerdict]) -> None:
    after = decide(Verdict(row.step, Outcome(row.outcome), row.code, "") for row in verdicts)
    if after != message.status:
        check_transition(message.status, after)
        message.status, message.quarantined = after, after == Status.QUARANTINED
