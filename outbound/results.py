"""Writing down what became of handed mails: ``record_send_result``.

Decides what a message comes to when its recipients' answers are in: some are refused for now, so it waits and is tried
again; somebody has it, so it is accepted; nobody will ever, so it failed. Only the holder of the lease settles a mail;
one whose holder did not come back is unknown, and is never sent again by itself.
"""

from __future__ import annotations

import logging
import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from outbound import events, metrics
from outbound.batch import Parcel
from outbound.models import Origin, OutboundRecipient, RecipientState
from outbound.transports.base import Outcome, Result
from postbox.audit.record import record
from postbox.events.emit import emit
from postbox.events.models import EventKind
from postbox.lib import clock
from postbox.mail.content import Content, Facts
from postbox.mail.keys import open_part
from postbox.mail.models import AuthResult, Direction, Status
from reputation import counting

log = logging.getLogger(__name__)
_chance = random.SystemRandom()

# How long a mail waits after its first, second, ... temporary failure; GIVE_UP after it was due it has failed.
WAITS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 120, 240, 480))
GIVE_UP = timedelta(days=3)

_STATES = {
    Outcome.ACCEPTED: RecipientState.ACCEPTED,
    Outcome.TEMPORARY: RecipientState.QUEUED,
    Outcome.PERMANENT: RecipientState.FAILED,
    Outcome.UNKNOWN: RecipientState.UNKNOWN,
}
_HAVE_IT = tuple(
    state.value
    for state in (
        RecipientState.ACCEPTED,
        RecipientState.DELIVERED,
        RecipientState.BOUNCED,
        RecipientState.COMPLAINED,
    )
)
_RECIPIENTS = f"""
UPDATE outbound_recipients r
SET state = CASE WHEN r.state IN ('{RecipientState.QUEUED}', '{RecipientState.UNKNOWN}') THEN v.state ELSE r.state END,
    attempts = r.attempts + 1, last_code = v.code, last_detail = v.detail, changed_at = %(now)s
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(codes)s::text[], %(details)s::text[])
     AS v (id, state, code, detail)
WHERE r.id = v.id
"""  # noqa: S608
_MESSAGES = f"""
WITH settled AS (
    UPDATE outbound_messages o
    SET state = CASE WHEN v.state <> '{Status.QUEUED}' AND EXISTS (
            -- Of an earlier try nobody knows whether it reached them.
            SELECT 1 FROM outbound_recipients r WHERE r.message_id = v.id AND r.state = '{RecipientState.UNKNOWN}')
        THEN '{Status.UNKNOWN}' WHEN v.state = '{Status.FAILED}' AND EXISTS (
            -- Somebody has it since an earlier try.
            SELECT 1 FROM outbound_recipients r WHERE r.message_id = v.id AND r.state IN {_HAVE_IT})
        THEN '{Status.ACCEPTED}' ELSE v.state END,
        not_before = v.not_before, transport = %(transport)s, provider_id = v.provider_id,
        code = v.code, lease_token = NULL, leased_until = NULL,
        settled_at = CASE WHEN v.state = '{Status.QUEUED}' THEN NULL ELSE %(now)s::timestamptz END
    FROM unnest(%(ids)s::uuid[], %(states)s::text[], %(waits)s::timestamptz[], %(providers)s::text[], %(codes)s::text[])
         AS v (id, state, not_before, provider_id, code)
    WHERE o.message_id = v.id AND o.lease_token = %(token)s
    RETURNING o.message_id, o.state
)
UPDATE messages m SET status = settled.state FROM settled WHERE m.id = settled.message_id RETURNING m.id, m.status
"""  # noqa: S608
_LOST = f"""
WITH lost AS (
    SELECT message_id FROM outbound_messages WHERE state = '{Status.SENDING}' AND leased_until < %(now)s
    ORDER BY message_id LIMIT 100 FOR UPDATE SKIP LOCKED
), given_up AS (
    UPDATE outbound_messages o
    SET state = '{Status.UNKNOWN}', code = 'worker_died', lease_token = NULL, leased_until = NULL, settled_at = %(now)s
    FROM lost WHERE o.message_id = lost.message_id
), told AS (
    UPDATE messages m SET status = '{Status.UNKNOWN}' FROM lost WHERE m.id = lost.message_id
), recipients AS (
    UPDATE outbound_recipients r SET state = '{RecipientState.UNKNOWN}', changed_at = %(now)s
    FROM lost WHERE r.message_id = lost.message_id AND r.state = '{RecipientState.QUEUED}'
)
SELECT message_id FROM lost
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Ending:
    """A handed mail and what it comes to. ``key`` opens its content; None where it could not be opened."""

    parcel: Parcel
    result: Result
    key: bytes | None
    status: Status
    not_before: datetime
    code: str


def ending(parcel: Parcel, result: Result, key: bytes | None) -> Ending:
    """What these answers make of a mail."""
    now = clock.now()
    if not result.answers:
        return Ending(parcel, result, key, Status.FAILED, now, "recipient_suppressed")
    outcomes = {answer.outcome for answer in result.answers}
    code = next((answer.code for answer in result.answers if answer.outcome != Outcome.ACCEPTED), "")[:64]
    if Outcome.TEMPORARY in outcomes and now - parcel.due_since < GIVE_UP:
        wait = WAITS[min(parcel.attempts, len(WAITS)) - 1] * _chance.uniform(0.8, 1.2)
        return Ending(parcel, result, key, Status.QUEUED, now + wait, code)
    if Outcome.UNKNOWN in outcomes:
        return Ending(parcel, result, key, Status.UNKNOWN, now, code or "connection_lost")
    taken = Outcome.ACCEPTED in outcomes
    return Ending(parcel, result, key, Status.ACCEPTED if taken else Status.FAILED, now, code)


def record_send_result(token: uuid.UUID, endings: Sequence[Ending], transport: str) -> int:
    """Write results of one transport in one transaction. Gives how many mails were still ours."""
    if not endings:
        return 0
    with transaction.atomic(), connection.wrap_database_errors, connection.cursor() as cursor:
        kept = _settle(cursor, token, endings, transport)
        own = [replace(item, status=kept[item.parcel.id]) for item in endings if item.parcel.id in kept]
        _recipients(cursor, own)
        emit([event for item in own if (event := _event(item)) is not None])
        accepted = [(item.parcel, answer) for item in own for answer in item.result.answers]
        counting.sent(
            [(p.owner_id, p.agent_id, a.address) for p, a in accepted if a.outcome == Outcome.ACCEPTED],
            [p.agent_id for p, a in accepted if a.outcome == Outcome.PERMANENT],
        )
    for _, answer in accepted:
        metrics.RESULTS.inc(answer.outcome.value)
    return len(own)


def give_up_lost() -> int:
    """Mails whose worker died while it handed them over become unknown, for a person or an event to settle."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOST, {"now": clock.now()})
        lost = [row[0] for row in cursor.fetchall()]
        for message_id in lost:
            record("outbound", "message.unknown", message_id, code="worker_died")
    if lost:
        log.error("sending_unknown", extra={"messages": len(lost)})
    return len(lost)


def _settle(cursor: Any, token: uuid.UUID, endings: Sequence[Ending], transport: str) -> dict[uuid.UUID, Status]:
    cursor.execute(
        _MESSAGES,
        {
            "now": clock.now(),
            "token": token,
            "transport": transport,
            "ids": [item.parcel.id for item in endings],
            "states": [item.status.value for item in endings],
            "waits": [item.not_before for item in endings],
            "providers": [item.result.provider_id[:255] for item in endings],
            "codes": [item.code for item in endings],
        },
    )
    return {message_id: Status(state) for message_id, state in cursor.fetchall()}


def _recipients(cursor: Any, own: Iterable[Ending]) -> None:
    rows = []
    for item in own:
        by_address = {target.address: target.id for target in item.parcel.targets}
        for answer in item.result.answers:
            state = _state(item, answer.outcome)
            rows.append((by_address[answer.address], state.value, answer.code[:32], answer.detail[:500]))
    if rows:
        ids, states, codes, details = (list(column) for column in zip(*rows, strict=True))
        cursor.execute(
            _RECIPIENTS, {"now": clock.now(), "ids": ids, "states": states, "codes": codes, "details": details}
        )


def _state(item: Ending, outcome: Outcome) -> RecipientState:
    """A recipient's: who was refused for now waits only as long as the mail does."""
    if outcome == Outcome.TEMPORARY and item.status != Status.QUEUED:
        return RecipientState.FAILED
    return _STATES[outcome]


def _event(item: Ending) -> Any:
    kind = {Status.ACCEPTED: EventKind.MESSAGE_SENT, Status.FAILED: EventKind.MESSAGE_FAILED}.get(item.status)
    if kind is None or item.key is None or item.parcel.origin == Origin.NOTICE:
        return None
    parcel = item.parcel
    content = Content()
    if parcel.content is not None:
        content = Content.load(open_part(item.key, parcel.content, parcel.id, "content", parcel.agent_id))
    more = events.told(_told(item))
    return events.of_message(
        kind, _facts(parcel, item.status), content, item.key, parcel.agent_id, more | {"code": item.code}
    )


def _told(item: Ending) -> list[tuple[str, str, str]]:
    """The recipients as they are now: who was served by an earlier try stands in its row alone."""
    parcel = item.parcel
    if parcel.attempts > 1:
        rows = OutboundRecipient.objects.filter(message_id=parcel.id).order_by("id")
        return list(rows.values_list("address", "role", "state"))
    said = {answer.address: _state(item, answer.outcome).value for answer in item.result.answers}
    return [(target.address, target.role, said.get(target.address, "")) for target in parcel.targets]


def _facts(parcel: Parcel, status: Status) -> Facts:
    return Facts(
        id=parcel.id,
        direction=Direction.OUTBOUND,
        status=status,
        agent_name=parcel.agent_name,
        thread_id=parcel.thread_id,
        received_at=parcel.created_at,
        injection_score=None,
        quarantined=False,
        spf=AuthResult.NONE,
        dkim=AuthResult.NONE,
        dmarc=AuthResult.NONE,
        read=True,
    )
