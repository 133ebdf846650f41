"""Writing down what the pipeline made of a batch: one transaction for all of it.

Decides that only the holder of the lease settles a row; a lost lease settles nothing. State, content, attachments,
verdicts and events of a mail are written together or not at all.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from postbox.events.body import render
from postbox.events.emit import NewEvent, emit
from postbox.events.models import EventKind
from postbox.ingest import metrics, returned, threads
from postbox.ingest.rule_events import asked_by_rules
from postbox.lib import clock
from postbox.lib.arrays import as_array, as_uuids
from postbox.lib.compact import quoted
from postbox.lib.ids import uuid7
from postbox.mail import content as contents
from postbox.mail.keys import seal_part
from postbox.mail.models import Direction, Status, check_transition
from postbox.mail.parsed import ParsedMail, Score
from postbox.rules.hits import count_hits
from postbox.screening.baselines import store as baselines
from postbox.screening.case import Case, decide
from postbox.screening.distilling.reasons import Note
from postbox.screening.fingerprints import store as fingerprints
from postbox.screening.likeness import correspondents
from postbox.screening.steps import dlp

_SETTLE = """
UPDATE messages m SET status = v.status, processed_at = %(now)s, header_from = v.header_from, thread_id = v.thread_id,
       spf = v.spf, dkim = v.dkim, dmarc = v.dmarc, arc = v.arc, aligned_domain = v.aligned_domain,
       injection_score = v.score, quarantined = v.quarantined, folder = v.folder,
       labels = string_to_array(v.labels, E'\\x1f'), lease_token = NULL, leased_until = NULL
FROM unnest(%(ids)s::uuid[], %(statuses)s::text[], %(froms)s::text[], %(threads)s::uuid[], %(scores)s::float8[],
            %(quarantined)s::bool[], %(folders)s::text[], %(labels)s::text[], %(spf)s::text[], %(dkim)s::text[],
            %(dmarc)s::text[], %(arc)s::text[], %(aligned_domains)s::text[])
     AS v (id, status, header_from, thread_id, score, quarantined, folder, labels, spf, dkim, dmarc, arc,
           aligned_domain)
WHERE m.id = v.id AND m.lease_token = %(token)s
RETURNING m.id
"""
_MAX_ADDRESS = 320
# No label holds one (postbox.rules), and an array of arrays cannot be taken apart.
_BETWEEN_LABELS = "\x1f"


@dataclass(frozen=True, slots=True)
class Settlement:
    """A mail's outcome, ready to be written."""

    case: Case
    status: Status
    header_from: str
    attachment_ids: list[uuid.UUID]
    sealed: bytes
    events: list[NewEvent]
    key: bytes


def prepare(case: Case, key: bytes) -> Settlement:
    """Everything to be written about a mail, sealed; no database."""
    dlp.guard(case)
    now = clock.now()
    status = decide(case.verdicts)
    check_transition(Status.RECEIVED, status)
    parsed, score = case.parsed or ParsedMail(), case.score or Score()
    attachment_ids = [uuid7() for _ in parsed.attachments]
    content = contents.from_parts(
        parsed,
        case.distilled,
        score,
        attachment_ids,
        words=[verdict.reason for verdict in case.verdicts],
        reasons=_reasons(case, status),
        traceback=case.traceback,
    )
    facts = contents.Facts(
        id=case.id,
        direction=Direction.INBOUND,
        status=status,
        agent_name=case.agent_name,
        thread_id=case.thread_id,
        received_at=case.received_at,
        injection_score=case.score.score if case.score else None,
        quarantined=status == Status.QUARANTINED,
        spf=case.authentication.spf,
        dkim=case.authentication.dkim,
        dmarc=case.authentication.dmarc,
        aligned_domain=case.authentication.aligned_domain,
        arc=case.authentication.arc,
        folder=case.effects.folder,
        labels=case.effects.labels,
        thread_taint=case.thread_taint,
    )
    text = quoted(content.text)
    return Settlement(
        case,
        status,
        parsed.from_[0].address[:_MAX_ADDRESS] if len(parsed.from_) == 1 else "",
        attachment_ids,
        seal_part(key, content.dump(text), case.id, "content", case.agent_id),
        _events(case, key, facts, content, text, now),
        key,
    )


def settle(token: uuid.UUID, settlements: Sequence[Settlement]) -> int:
    """Write a batch. Returns how many rows were still ours; the others are somebody else's by now."""
    if not settlements:
        return 0
    # COPY raises the driver's errors unless it is told to translate them.
    with transaction.atomic(), connection.wrap_database_errors, connection.cursor() as cursor:
        kept = _update(cursor, token, settlements)
        own = [item for item in settlements if item.case.id in kept]
        if own:
            _copy_contents(cursor, own)
            _copy_attachments(cursor, own)
            _copy_verdicts(cursor, own)
            threads.keep(cursor, [item.case for item in own])
            fingerprints.keep(cursor, [item.case for item in own])
            correspondents.count(cursor, [item.case for item in own])
            baselines.move(cursor, [item.case for item in own])
            emit([event for item in own for event in item.events])
            fingerprints.count(cursor, [item.case for item in own])
            count_hits(cursor, [hit for item in own for hit in item.case.effects.hits])
    metrics.settled((item.case, item.status) for item in own)
    return len(own)


def _reasons(case: Case, status: Status) -> list[str]:
    """What the agent is told: why the score is what it is, a plain part that says more, what it is held for."""
    words = [reason.words for reason in case.score.reasons] if case.score else []
    words += [verdict.reason for verdict in case.verdicts if verdict.code == Note.ALTERNATIVE_MISMATCH]
    if status == Status.QUARANTINED:
        words += [v.reason for v in case.verdicts if v.step != "score" and decide([v]) == Status.QUARANTINED]
    return words


def _events(
    case: Case, key: bytes, facts: contents.Facts, content: contents.Content, text: bytes, now: datetime
) -> list[NewEvent]:
    """What is told of a mail: nothing of a refused one, and nothing is sent on unless it went to its agent.

    ``text`` is the content's as JSON.
    """
    if facts.status == Status.REFUSED:
        return []
    events = [_event(case, key, facts, content, text, now)]
    if facts.status == Status.PROCESSED:
        events += asked_by_rules(case, key, content, now)
    if returned.tells_of(case):
        events.append(returned.event_of_own(case, key, now))
    return events


def _event(
    case: Case, key: bytes, facts: contents.Facts, content: contents.Content, text: bytes, now: datetime
) -> NewEvent:
    event_id, kind, texts = uuid7(), EventKind.MESSAGE_QUARANTINED, {}
    if not facts.quarantined:
        kind = EventKind.MESSAGE_RECEIVED
        texts = {"text": text, "reply_text": text if content.own is None else quoted(content.reply_text)}
    body = render(event_id, kind, now, contents.public(facts, content, with_text=False), texts)
    return NewEvent(event_id, kind, case.agent_id, case.id, now, seal_part(key, body, case.id, "event", case.agent_id))


def _update(cursor: Any, token: uuid.UUID, settlements: Sequence[Settlement]) -> set[uuid.UUID]:
    cursor.execute(
        _SETTLE,
        {
            "now": clock.now(),
            "token": token,
            "ids": as_uuids(item.case.id.hex for item in settlements),
            "statuses": as_array(item.status.value for item in settlements),
            "froms": [item.header_from for item in settlements],
            "threads": as_uuids(item.case.thread_id.hex if item.case.thread_id else None for item in settlements),
            "scores": as_array(repr(item.case.score.score) if item.case.score else "NULL" for item in settlements),
            "quarantined": as_array(str(item.status == Status.QUARANTINED) for item in settlements),
            "folders": [item.case.effects.folder for item in settlements],
            **_authentications(settlements),
            "labels": [_BETWEEN_LABELS.join(item.case.effects.labels) or None for item in settlements],
        },
    )
    return {row[0] for row in cursor.fetchall()}


def _authentications(settlements: Sequence[Settlement]) -> dict[str, str | list[str]]:
    found = [item.case.authentication for item in settlements]
    return {
        "spf": as_array(str(one.spf) for one in found),
        "dkim": as_array(str(one.dkim) for one in found),
        "dmarc": as_array(str(one.dmarc) for one in found),
        "arc": as_array(str(one.arc) for one in found),
        "aligned_domains": [one.aligned_domain for one in found],
    }


def _copy(cursor: Any, target: str, types: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
    with cursor.copy(f"COPY {target} FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _copy_contents(cursor: Any, own: Sequence[Settlement]) -> None:
    rows = ((item.case.id, item.sealed) for item in own)
    _copy(cursor, "message_contents (message_id, body)", ["uuid", "bytea"], rows)


def _copy_attachments(cursor: Any, own: Sequence[Settlement]) -> None:
    rows = [
        (id_, item.case.id, part.position, part.content_type[:127], part.size)
        for item in own
        if item.case.parsed
        for id_, part in zip(item.attachment_ids, item.case.parsed.attachments, strict=True)
    ]
    if rows:
        target = "attachments (id, message_id, position, content_type, size)"
        _copy(cursor, target, ["uuid", "uuid", "int2", "varchar", "int4"], rows)


def _copy_verdicts(cursor: Any, own: Sequence[Settlement]) -> None:
    rows = (
        (item.case.id, position, verdict.step[:32], verdict.outcome.value, verdict.code[:64])
        for item in own
        for position, verdict in enumerate(item.case.verdicts)
    )
    target = "verdicts (message_id, position, step, outcome, code)"
    _copy(cursor, target, ["uuid", "int2", "varchar", "varchar", "varchar"], rows)
