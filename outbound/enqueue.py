"""The one way for a mail to leave: ``enqueue_outbound``.

Decides the order: composed first, then in one transaction the agent's row locked, every gate asked, and the message,
its recipients, its debit and its event written together: three round trips to the database with the commit. It never
hands a mail to anybody (outbound.work does).
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from outbound import compose, metrics, quotas, repeats, sameness, stops, store
from outbound.draft import Draft, Mailbox
from outbound.gates import GATES, breakers
from outbound.gates.case import Attempt, Refused, run
from outbound.gates.look import AddressEnded, look, values_of
from outbound.gates.quota import QuotaSpent
from outbound.html_text import text_of
from outbound.models import QuotaScope
from postbox.api.errors import ApiError
from postbox.events.wakeups import wake
from postbox.ingest import threads
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail.models import Status

_ADDRESSES = """
SELECT a.address, a.id FROM addresses a
WHERE a.agent_id = %s AND a.ended_at IS NULL AND (%s = '' OR a.address = %s)
ORDER BY a.kind = 'primary' DESC, a.created_at LIMIT 1
"""
_KNOWN_SECONDS = 5.0
_MOST_KNOWN = 10_000
_known: dict[tuple[uuid.UUID, str], tuple[tuple[str, uuid.UUID], float]] = {}


@dataclass(frozen=True, slots=True)
class Enqueued:
    """A mail that was taken: queued, or held with the code and the words of why."""

    id: uuid.UUID
    status: str
    code: str = ""
    reason: str = ""
    repeated: bool = False


def enqueue_outbound(agent_id: uuid.UUID, draft: Draft, *, repeat: repeats.Asked | None = None) -> Enqueued:
    """Take a draft of an agent. Raises ApiError: Refused by a gate, or of ``repeat`` what outbound.repeats raises."""
    letter = _letter(agent_id, draft)
    try:
        try:
            taken = _take(letter, repeat)
        except quotas.Short:
            taken = _take(letter, repeat, closely=True)
    except Refused as refused:
        if isinstance(refused, AddressEnded):
            _known.clear()
        metrics.REFUSED.inc(refused.code)
        pause_where_spent(agent_id, refused)
        raise
    metrics.TAKEN.inc(taken.status)
    return taken


def pause_where_spent(agent_id: uuid.UUID, refused: ApiError) -> None:
    """Pause an agent whose own quota is spent: again by whoever undid it by rolling back after ``enqueue_outbound``."""
    if isinstance(refused, QuotaSpent) and refused.spent.scope == QuotaScope.AGENT:
        stops.pause(agent_id, f"It spent its quota of {refused.spent.limit:,} per {refused.spent.window.value}.")


@dataclass(frozen=True, slots=True)
class _Letter:
    """What is known of a mail before its transaction begins. ``said`` is its text."""

    id: uuid.UUID
    agent_id: uuid.UUID
    draft: Draft
    address: str
    address_id: uuid.UUID
    at: datetime
    raw: bytes
    said: str
    prints: tuple[bytes, int]
    thread_id: uuid.UUID


def _letter(agent_id: uuid.UUID, draft: Draft) -> _Letter:
    message_id, at = uuid7(), clock.now()
    address, address_id = _own_address(agent_id, draft.sender)
    raw, said = _composed(draft, address, message_id, at)
    prints = sameness.prints(draft.subject, said)
    thread_id = _thread(agent_id, draft, compose.message_id_of(message_id, address.rpartition("@")[2]))
    return _Letter(message_id, agent_id, draft, address, address_id, at, raw, said, prints, thread_id)


def _composed(draft: Draft, address: str, message_id: uuid.UUID, at: datetime) -> tuple[bytes, str]:
    """The mail, and its words."""
    return compose.compose(draft, Mailbox(address), message_id, at), draft.text or text_of(draft.html)


def _take(letter: _Letter, repeat: repeats.Asked | None, *, closely: bool = False) -> Enqueued:
    """The whole of it in one transaction: asked before, gates, stored. Raises quotas.Short unless ``closely``."""
    agent_id, draft = letter.agent_id, letter.draft
    with transaction.atomic():
        if repeat and (known := repeats.begin(agent_id, repeat)):
            return Enqueued(**known, repeated=True)
        asked = values_of(agent_id, draft, letter.thread_id, letter.prints, letter.at)
        sender, seen = look(asked, letter.address, letter.address_id)
        attempt = Attempt(
            letter.id, sender, draft, len(letter.raw), *letter.prints, letter.at, letter.thread_id, seen, closely
        )
        run(attempt, GATES)
        raw, said = letter.raw, letter.said
        if attempt.draft is not draft:  # a gate took something out
            raw, said = _composed(attempt.draft, letter.address, letter.id, letter.at)
        store.save(attempt, raw, said)
        _kill_repeater(attempt)
        taken = _taken(attempt)
        if repeat:
            repeats.end(agent_id, repeat, taken.id, taken.status, taken.code, taken.reason)
        if taken.status == Status.QUEUED:
            wake("outbound")
    return taken


def _own_address(agent_id: uuid.UUID, wanted: str) -> tuple[str, uuid.UUID]:
    """The address that the agent asks to write from, else its first. The gates say whether it may.

    What was found is kept for some seconds, and looked at again with the agent's row locked.
    """
    known = _known.get((agent_id, wanted))
    if known and known[1] > time.monotonic():
        return known[0]
    found = _looked_up(agent_id, wanted)
    if not wanted or found[0] == wanted.lower():
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[agent_id, wanted] = found, time.monotonic() + _KNOWN_SECONDS
    return found


def _looked_up(agent_id: uuid.UUID, wanted: str) -> tuple[str, uuid.UUID]:
    for asked in dict.fromkeys((wanted.lower(), "")):
        with connection.cursor() as cursor:
            cursor.execute(_ADDRESSES, [agent_id, asked, asked])
            if row := cursor.fetchone():
                return str(row[0]), row[1]
    raise Refused("This agent has no address to write from.", code="no_address", fix="Give it one with /alloc.")


def _thread(agent_id: uuid.UUID, draft: Draft, own: str) -> uuid.UUID:
    """The conversation that it goes on with, or a new one."""
    names = dict.fromkeys(name for name in (draft.in_reply_to, *reversed(draft.references)) if name)
    return draft.thread_id or threads.thread_of(agent_id, list(names), own)


def _kill_repeater(attempt: Attempt) -> None:
    """In the transaction that stores the message that was one too many, so that no other comes between."""
    for verdict in attempt.verdicts:
        if verdict.code == breakers.REPEATED:
            stops.kill(attempt.sender.agent_id, verdict.reason)


def _taken(attempt: Attempt) -> Enqueued:
    if holding := attempt.holding:
        return Enqueued(attempt.id, Status.HELD.value, holding.code, holding.reason)
    return Enqueued(attempt.id, Status.QUEUED.value)
