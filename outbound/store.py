"""Writing a mail that passed its gates: message, key, raw mail, content, recipients, verdicts and event together.

Decides what of a sent mail is sealed: all that any stored message seals. It never decides a state by itself: an attempt
that a gate holds is stored as held, every other as queued.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from outbound import compose, events, quotas
from outbound.draft import Recipient
from outbound.gates.case import Attempt
from outbound.models import Origin, RecipientState, Role
from postbox.events import emit
from postbox.events.emit import WITH_EVENT, NewEvent
from postbox.events.models import EventKind
from postbox.identity.return_paths import return_path
from postbox.ingest.thread_keys import name_key
from postbox.lib.ids import uuid7
from postbox.mail.content import Content, Facts, shown
from postbox.mail.keys import new_message_key, seal_part
from postbox.mail.models import AuthResult, Direction, Status
from postbox.mail.parsed import Mailbox as Shown
from postbox.mail.store import content_digest

_SAVE = f"""
WITH {{debit}}, message AS (
    INSERT INTO messages (id, direction, status, agent_id, address_id, thread_id, mail_from, rcpt_to, header_from,
                          helo, size, digest, received_at, not_before, attempts, quarantined, spf, dkim, dmarc,
                          body_ref)
    VALUES (%(id)s, '{Direction.OUTBOUND}', %(status)s, %(agent)s, %(address)s, %(thread)s, %(mail_from)s,
            %(rcpt_to)s, %(header_from)s, '', %(size)s, %(digest)s, %(now)s, %(now)s, 0, false, 'none', 'none',
            'none', '')
    RETURNING id
), key AS (
    INSERT INTO message_keys (message_id, wrapped) SELECT id, %(wrapped)s FROM message
), spooled AS (
    INSERT INTO mail_spool (message_id, body, not_before) SELECT id, %(raw)s, %(now)s FROM message
), said AS (
    INSERT INTO message_contents (message_id, body) SELECT id, %(content)s FROM message
), queued AS (
    INSERT INTO outbound_messages (message_id, agent_id, state, origin, code, created_at, fingerprint, similarity,
                                   thread_id, is_automatic, is_answer, transport, provider_id, attempts,
                                   not_before, due_since)
    SELECT id, %(agent)s, %(status)s, %(origin)s, %(code)s, %(now)s, %(fingerprint)s, %(similarity)s, %(thread)s,
           %(automatic)s, %(answer)s, '', '', 0, %(send_at)s, %(send_at)s
    FROM message
), recipients AS (
    INSERT INTO outbound_recipients (message_id, address, role, state, attempts, last_code, last_detail, changed_at,
                                     bounce_type, bounce_detail)
    SELECT %(id)s, v.address, v.role, '{RecipientState.QUEUED}', 0, '', '', %(now)s, '', ''
    FROM unnest(%(addresses)s::text[], %(roles)s::text[]) AS v (address, role)
), named AS (
    INSERT INTO thread_keys (key, thread_id, seen_at) VALUES (%(own_name)s::uuid, %(thread)s, %(now)s)
    ON CONFLICT (key) DO NOTHING
), {WITH_EVENT}, files AS (
    INSERT INTO attachments (id, message_id, position, content_type, size)
    SELECT v.id, %(id)s, v.position - 1, v.type, v.size
    FROM unnest(%(file_ids)s::uuid[], %(file_types)s::text[], %(file_sizes)s::int[]) WITH ORDINALITY
         AS v (id, type, size, position)
), judged AS (
    INSERT INTO verdicts (message_id, position, step, outcome, code)
    SELECT %(id)s, v.position - 1, v.step, v.outcome, v.code
    FROM unnest(%(steps)s::text[], %(outcomes)s::text[], %(codes)s::text[]) WITH ORDINALITY
         AS v (step, outcome, code, position)
)
SELECT count(*) FROM debited
"""  # noqa: S608
# On one line: the driver keeps what it made of a statement of up to 4,096 characters and 50 values, and else makes it
# anew for every mail.
_AND_DEBIT = " ".join(_SAVE.format(debit=quotas.WITH_DEBIT).split())
_NO_DEBIT = " ".join(_SAVE.format(debit="debited AS (SELECT 1)").split())


def save(attempt: Attempt, raw: bytes, said: str) -> None:
    """Write the attempt, with its debit where one is to be made, and tell of it, in the caller's transaction.

    ``said`` is its text. Raises quotas.Short.
    """
    holding = attempt.holding
    status = Status.HELD if holding else Status.QUEUED
    key, wrapped = new_message_key(attempt.id, attempt.sender.agent_id)
    content = _content(attempt, said)
    facts = _facts(attempt, status)
    kind = EventKind.MESSAGE_HELD if holding else EventKind.MESSAGE_QUEUED
    more = events.told([(r.address, r.role.value, RecipientState.QUEUED.value) for r in attempt.draft.recipients])
    if holding:
        more |= {"code": holding.code, "reason": holding.reason}
    event = events.of_message(kind, facts, content, key, attempt.sender.agent_id, more)
    _insert(attempt, status, key, wrapped, raw, content, event)
    emit.wake_consumers([kind])


def _insert(
    attempt: Attempt, status: Status, key: bytes, wrapped: bytes, raw: bytes, content: Content, event: NewEvent
) -> None:
    draft, sender = attempt.draft, attempt.sender
    holding = attempt.holding
    with connection.cursor() as cursor:
        cursor.execute(
            _AND_DEBIT if attempt.debit else _NO_DEBIT,
            (attempt.debit or {})
            | emit.values_of(event)
            | ({"event_consumers": []} if draft.origin == Origin.NOTICE else {})  # it is none of the agent's
            | {
                # So that answers to it find its thread.
                "own_name": name_key(sender.agent_id, content.message_id),
                "id": attempt.id,
                "status": status.value,
                "agent": sender.agent_id,
                "address": sender.address_id,
                "thread": attempt.thread_id,
                "mail_from": return_path(attempt.id, sender.address),
                "rcpt_to": draft.recipients[0].address,
                "header_from": sender.address,
                "size": len(raw),
                # Of its id: the same octets may come in again, for an agent here, and are no duplicate then.
                "digest": content_digest(attempt.id.bytes),
                "now": attempt.at,
                "send_at": max(draft.send_at, attempt.at) if draft.send_at else attempt.at,
                "wrapped": wrapped,
                "raw": seal_part(key, raw, attempt.id, "raw", sender.agent_id),
                "content": seal_part(key, content.dump(), attempt.id, "content", sender.agent_id),
                "origin": draft.origin.value,
                "code": holding.code[:64] if holding else "",
                "fingerprint": attempt.fingerprint,
                "similarity": attempt.similarity,
                "automatic": draft.is_automatic,
                "answer": bool(draft.in_reply_to),
                "addresses": [recipient.address for recipient in draft.recipients],
                "roles": [recipient.role.value for recipient in draft.recipients],
                "file_ids": [item["id"] for item in content.attachments],
                "file_types": [item["type"][:127] for item in content.attachments],
                "file_sizes": [item["size"] for item in content.attachments],
                "steps": [verdict.step[:32] for verdict in attempt.verdicts],
                "outcomes": [verdict.outcome.value for verdict in attempt.verdicts],
                "codes": [verdict.code[:64] for verdict in attempt.verdicts],
            },
        )
        if not cursor.fetchone()[0]:
            raise quotas.Short


def _content(attempt: Attempt, said: str) -> Content:
    draft, sender = attempt.draft, attempt.sender
    domain = sender.address.rpartition("@")[2]
    return Content(
        message_id=compose.message_id_of(attempt.id, domain).strip("<>"),
        from_=sender.address,
        to=_boxes(draft.recipients, Role.TO),
        cc=_boxes(draft.recipients, Role.CC),
        subject=draft.subject,
        in_reply_to=draft.in_reply_to.strip("<>"),
        references=[name.strip("<>") for name in draft.references],
        text=said,
        attachments=[
            {"id": str(uuid7()), "name": file.name, "type": file.content_type, "size": len(file.content)}
            for file in draft.attachments
        ],
        reasons=[holding.reason] if (holding := attempt.holding) else [],
        words=[verdict.reason for verdict in attempt.verdicts],
    )


def _boxes(recipients: Sequence[Recipient], role: Role) -> list[str]:
    return [shown(Shown(r.box.address, r.box.name)) for r in recipients if r.role == role]


def _facts(attempt: Attempt, status: Status) -> Facts:
    return Facts(
        id=attempt.id,
        direction=Direction.OUTBOUND,
        status=status,
        agent_name=attempt.sender.name,
        thread_id=attempt.thread_id,
        received_at=attempt.at,
        injection_score=None,
        quarantined=False,
        spf=AuthResult.NONE,
        dkim=AuthResult.NONE,
        dmarc=AuthResult.NONE,
        read=True,
    )
