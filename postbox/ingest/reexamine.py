"""Scoring stored mail again, or applying the rules to it again.

Decides anew from what is stored, by the policy that its address has now: scoring again means all steps that hindsight
can judge, then the second opinion and the rules. It writes the score, the reasons, the verdicts of the steps it ran,
folder and labels, and the state that follows; it never sends an event, a forward or an answer for a mail a second time.
Where an operator decided on a mail's state, the state stays.
"""

from __future__ import annotations

import dataclasses
import logging
import uuid
from collections.abc import Mapping, Sequence
from types import ModuleType

from django.db import transaction

from postbox.identity.models import AgentKey
from postbox.ingest import hindsight
from postbox.ingest.limits import LimitExceeded
from postbox.ingest.mime import Unparsable
from postbox.ingest.pipeline import examine
from postbox.ingest.stored import batches, case_of, content_of
from postbox.lib.envelope import SealBroken
from postbox.mail.content import Content, named, seen
from postbox.mail.keys import KeyErased, message_key, seal_part
from postbox.mail.models import Direction, Message, MessageContent, Outcome, Status, StepVerdict, check_transition
from postbox.mail.parsed import ParsedMail
from postbox.rules import step as rules
from postbox.rules.compiled import CompiledRule, rules_of
from postbox.screening.case import Case, Verdict, decide
from postbox.screening.distilling.reasons import Note
from postbox.screening.policy import Effective, policies_of
from postbox.screening.steps import dlp, score, second_opinion

log = logging.getLogger(__name__)

_OPEN = (Status.PROCESSED, Status.QUARANTINED)
RESCORE: tuple[ModuleType, ...] = (*hindsight.STEPS, second_opinion, rules)
REAPPLY: tuple[ModuleType, ...] = (rules,)
_UNREADABLE = (KeyErased, AgentKey.DoesNotExist, SealBroken, MessageContent.DoesNotExist, LimitExceeded, Unparsable)


def rescore(ids: Sequence[uuid.UUID]) -> int:
    """Distil, score and judge these messages again. Returns how many could be. Raises MasterKeyMissing."""
    return _each(ids, RESCORE)


def reapply(ids: Sequence[uuid.UUID]) -> int:
    """Apply the rules to these messages again. Returns how many could be. Raises MasterKeyMissing."""
    return _each(ids, REAPPLY)


def _each(ids: Sequence[uuid.UUID], steps: Sequence[ModuleType]) -> int:
    found = Message.objects.filter(pk__in=ids, direction=Direction.INBOUND, status__in=_OPEN).select_related("agent")
    messages = list(found)
    own = rules_of(message.agent_id for message in messages)
    policies = policies_of(message.address_id for message in messages)
    return sum(_together(batch, steps, policies, own) for batch in batches(messages))


def _together(
    messages: Sequence[Message],
    steps: Sequence[ModuleType],
    policies: Mapping[uuid.UUID | None, Effective],
    own: Mapping[uuid.UUID, Sequence[CompiledRule]],
) -> int:
    opened = [one for message in messages if (one := _open(message, steps)) is not None]
    for stored, _ in opened:
        stored.case.policy = policies[stored.message.address_id]
        stored.case.rules = own.get(stored.message.agent_id, ())
    if steps is RESCORE:
        hindsight.judge([stored for stored, _ in opened])
    return sum(_ended(stored, key, steps) for stored, key in opened)


def _open(message: Message, steps: Sequence[ModuleType]) -> tuple[hindsight.Stored, bytes] | None:
    """The message with its key; None where it cannot be read."""
    try:
        key = message_key(message.id, message.agent_id)
        content = content_of(message, key)
        rows = list(StepVerdict.objects.filter(message_id=message.id))
        case = case_of(message, content, rows, [step.name for step in steps])
    except (*_UNREADABLE, FileNotFoundError) as error:
        log.warning("not_reexamined", extra={"message_id": str(message.id), "error": type(error).__name__})
        return None
    return hindsight.Stored(message, case, rows, content.words), key


def _ended(stored: hindsight.Stored, key: bytes, steps: Sequence[ModuleType]) -> bool:
    """What is asked of each by itself, and the whole written down."""
    case = stored.case
    if steps is not RESCORE:
        examine(case, steps)
    else:
        if hindsight.goes_on(case):
            examine(case, (second_opinion, rules))
        dlp.guard(case)
    with transaction.atomic():
        return _write(stored.message.id, key, case, steps)


def _write(message_id: uuid.UUID, key: bytes, case: Case, steps: Sequence[ModuleType]) -> bool:
    message = Message.objects.select_for_update().get(pk=message_id)
    if message.status not in _OPEN:
        return False
    content = content_of(message, key)
    rows = list(StepVerdict.objects.filter(message_id=message_id))
    before = list(content.words)
    words = _replace(message_id, rows, before, case.verdicts, [step.name for step in steps])
    _move(message, rows)
    message.folder, message.labels = case.effects.folder, list(case.effects.labels) or None
    if score in steps and any(verdict.step == score.name for verdict in case.verdicts):
        content = _rescored(message, content, case)
    else:
        content = dataclasses.replace(content, reasons=[said for said in content.reasons if said not in before])
    reasons = [*content.reasons, *_told_beside(message, rows, words)]
    content = dataclasses.replace(content, words=words, reasons=reasons)
    MessageContent.objects.filter(pk=message_id).update(
        body=seal_part(key, content.dump(), message_id, "content", message.agent_id)
    )
    message.save(update_fields=["injection_score", "status", "quarantined", "folder", "labels"])
    return True


def _rescored(message: Message, content: Content, case: Case) -> Content:
    """The content with what the steps now see and say."""
    said = case.score.reasons if case.score else ()
    message.injection_score = case.score.score if case.score else None
    parsed = case.parsed or ParsedMail()
    return dataclasses.replace(
        content,
        **named(parsed),
        **seen(case.distilled),
        attachments=[
            item | {"name": part.name} for item, part in zip(content.attachments, parsed.attachments, strict=False)
        ],
        reasons=[reason.words for reason in said],
        spans=[reason.span for reason in said if reason.span],
        traceback=case.traceback,
    )


def _replace(
    message_id: uuid.UUID, rows: list[StepVerdict], words: list[str], new: Sequence[Verdict], anew: Sequence[str]
) -> list[str]:
    """Put each new verdict in the place of its step's old one, or after all; gives the words of all.

    What says the same by what was found then keeps the words of then, which say more.
    """
    then = {(row.step, row.outcome, row.code) for row in rows if row.step in hindsight.AS_FOUND}
    same = {verdict.step for verdict in new if (verdict.step, verdict.outcome, verdict.code[:64]) in then}
    fresh = {verdict.step: verdict for verdict in new if verdict.step in anew and verdict.step not in same}
    asked = fresh.get(second_opinion.name)
    # What was never asked leaves no verdict.
    if asked and asked.outcome == Outcome.SKIP and all(row.step != second_opinion.name for row in rows):
        del fresh[second_opinion.name]
    said = [*words, *([""] * (len(rows) - len(words)))]
    for index, row in enumerate(rows):
        if verdict := fresh.pop(row.step, None):
            row.outcome, row.code, said[index] = verdict.outcome, verdict.code[:64], verdict.reason
    StepVerdict.objects.bulk_update(rows, ["outcome", "code"])
    last = max((row.position for row in rows), default=-1)
    added = [
        StepVerdict(message_id=message_id, position=last + number, step=v.step, outcome=v.outcome, code=v.code[:64])
        for number, v in enumerate(fresh.values(), 1)
    ]
    rows += StepVerdict.objects.bulk_create(added)
    return said + [verdict.reason for verdict in fresh.values()]


def _told_beside(message: Message, rows: Sequence[StepVerdict], words: Sequence[str]) -> list[str]:
    """What the agent is told beside the score's reasons: a plain part that says something else, what it is held for."""
    said = [word for row, word in zip(rows, words, strict=False) if row.code == Note.ALTERNATIVE_MISMATCH]
    if message.quarantined:
        pairs = zip(rows, words, strict=False)
        said += [word for row, word in pairs if row.step != score.name and _decided([row]) == Status.QUARANTINED]
    return [word for word in dict.fromkeys(said) if word]


def _move(message: Message, rows: Sequence[StepVerdict]) -> None:
    after = _decided(rows)
    if after != message.status and not message.decided_by:
        check_transition(message.status, after)
        message.status, message.quarantined = after, after == Status.QUARANTINED


def _decided(rows: Sequence[StepVerdict]) -> Status:
    return decide(Verdict(row.step, Outcome(row.outcome), row.code, "") for row in rows)
