"""What is known of senders and agents: looked up once a batch, and moved on with the batch that is settled.

Decides whose mail is compared with whose: an author's to one agent, and all that the agent gets. What was refused moves
nothing. A row keeps the traits of the last mails alone, so it stays small; in it are times, sizes, counts and a hash.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.db import connection

from postbox.mail.models import Status
from postbox.screening.baselines.usual import NOTHING, Baseline, Traits
from postbox.screening.case import Case, decide

_KEPT_MAILS, _KEPT_DAYS = 32, 14
_ALL = ""  # in place of a sender: all that the agent gets
_MOST_OCTETS = 320
_FIND = """
SELECT b.agent_id, b.sender, b.mails, b.attached, b.sizes, b.hours, b.days, b.today, b.day, b.reply_to
FROM unnest(%s::uuid[], %s::text[]) AS v (agent_id, sender)
JOIN baselines b ON b.agent_id = v.agent_id AND b.sender = v.sender
"""
# In one order, so that two batches never wait for each other in a circle.
_MOVE = f"""
INSERT INTO baselines AS b (agent_id, sender, mails, attached, sizes, hours, days, today, day, reply_to)
SELECT agent_id, sender, mails, attached, sizes::int[], hours::smallint[], '{{}}', mails, day, reply_to
FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::int[], %s::text[], %s::text[], %s::date[], %s::text[])
     AS v (agent_id, sender, mails, attached, sizes, hours, day, reply_to)
ORDER BY agent_id, sender
ON CONFLICT (agent_id, sender) DO UPDATE SET
    mails = b.mails + excluded.mails,
    attached = b.attached + excluded.attached,
    sizes = (b.sizes || excluded.sizes)[cardinality(b.sizes) + cardinality(excluded.sizes) - {_KEPT_MAILS - 1}:],
    hours = (b.hours || excluded.hours)[cardinality(b.hours) + cardinality(excluded.hours) - {_KEPT_MAILS - 1}:],
    days = CASE WHEN b.day >= excluded.day THEN b.days
                ELSE (b.days || b.today)[cardinality(b.days) + 1 - {_KEPT_DAYS - 1}:] END,
    today = CASE WHEN b.day >= excluded.day THEN b.today ELSE 0 END + excluded.today,
    day = GREATEST(b.day, excluded.day),
    reply_to = excluded.reply_to
"""  # noqa: S608

Key = tuple[uuid.UUID, str]


def look_up(cases: Iterable[Case]) -> None:
    """Give each parsed case its ``traits``, and the baselines of its sender and its agent. One query."""
    keyed = [(case, sender) for case in cases if (sender := sender_of(case))]
    if not keyed:
        return
    keys = sorted({key for case, sender in keyed for key in ((case.agent_id, sender), (case.agent_id, _ALL))})
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [[agent for agent, _ in keys], [sender for _, sender in keys]])
        known = {(row[0], row[1]): _baseline(row) for row in cursor.fetchall()}
    for case, sender in keyed:
        case.traits = _traits(case)
        case.usual = known.get((case.agent_id, sender), NOTHING), known.get((case.agent_id, _ALL), NOTHING)


def move(cursor: Any, cases: Sequence[Case]) -> None:
    """Move the baselines on by a settled batch, in its transaction. One statement, or none."""
    moved: dict[Key, list[Traits]] = {}
    for case in cases:
        if case.traits and decide(case.verdicts) != Status.REFUSED:
            for sender in (sender_of(case), _ALL):
                moved.setdefault((case.agent_id, sender), []).append(case.traits)
    if moved:
        cursor.execute(_MOVE, list(map(list, zip(*(_row(key, mails) for key, mails in moved.items()), strict=True))))


def sender_of(case: Case) -> str:
    """The address of a mail's one author, empty where there is none."""
    if case.parsed is None or len(case.parsed.from_) != 1:
        return ""
    return case.parsed.from_[0].address[:_MOST_OCTETS].lower()


def _row(key: Key, mails: Sequence[Traits]) -> tuple[Any, ...]:
    last: datetime = max(mail.at for mail in mails)
    kept = mails[-_KEPT_MAILS:]
    return (
        *key,
        len(mails),
        sum(bool(mail.attachments) for mail in mails),
        f"{{{','.join(str(mail.size) for mail in kept)}}}",
        f"{{{','.join(str(mail.at.hour) for mail in kept)}}}",
        last.date(),
        mails[-1].reply_to if key[1] else "",
    )


def _traits(case: Case) -> Traits:
    parsed = case.parsed
    assert parsed is not None  # noqa: S101 (looked up for parsed mail alone)
    answers_to = {box.address.lower() for box in parsed.reply_to} - {sender_of(case)}
    return Traits(case.received_at, len(case.raw), len(parsed.attachments), _hash(answers_to) if answers_to else "")


def _hash(addresses: Iterable[str]) -> str:
    key = settings.POSTBOX_MASTER_KEYS.derive("baseline-reply-to")
    return blake2b(",".join(sorted(addresses)).encode("utf-8", "replace"), digest_size=8, key=key).hexdigest()


def _baseline(row: Sequence[Any]) -> Baseline:
    _, _, mails, attached, sizes, hours, days, today, day, reply_to = row
    return Baseline(mails, attached, tuple(sizes), tuple(hours), tuple(days), today, day, reply_to)
