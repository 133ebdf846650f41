"""Which thread a mail belongs to, by one look-up and one insert a batch.

Decides by the mails that it names, then by Outlook's index, then, for an answer whose names are all unknown, by a
subject that a participant used within two weeks. Whoever comes first names the thread after the conversation's first
mail, so that two workers who see two of its mails at once mostly agree. Threads that turn out to be one are not merged:
what was told of a mail stays true.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from postbox.ingest.thread_keys import NEAREST, Key, Keys, keys_of, name_key
from postbox.lib.arrays import as_instants, as_uuids, instant
from postbox.mail.models import Status
from postbox.mail.taint import OF_THREAD_SQL
from postbox.screening.case import Case, decide

SUBJECT_HOLDS = timedelta(days=14)
# With the thread's taint: one look-up in an index for each name that is known, and none for a new conversation.
_FIND = f"""
SELECT encode(uuid_send(key), 'hex'), thread_id, seen_at, {OF_THREAD_SQL.format(thread="thread_keys.thread_id")}
FROM thread_keys WHERE key = ANY(%s::uuid[])
"""  # noqa: S608
# In one order, so that two batches never wait for each other in a circle. A subject goes to its newest thread.
_KEEP = """
INSERT INTO thread_keys (key, thread_id, seen_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS v (key, thread_id, seen_at)
ORDER BY key
ON CONFLICT (key) DO UPDATE SET thread_id = excluded.thread_id, seen_at = excluded.seen_at
WHERE thread_keys.seen_at < excluded.seen_at
"""

Known = tuple[uuid.UUID, datetime]


def assign(cases: Iterable[Case]) -> None:
    """Give each parsed case its ``thread_id`` and ``thread_taint``, and in ``thread_keys`` the names to be kept.

    One query. The taint is what was known then: of two mails that two workers have at once, neither may see the other.
    Raises whatever a case makes it raise; the others may then have theirs or not, and it may be called again.
    """
    keyed = [(case, keys_of(case)) for case in cases if case.parsed is not None]
    known, taints = _find({key for _, keys in keyed for key in keys.all()}) if keyed else ({}, {})
    for case, keys in keyed:
        case.thread_id = thread = _thread(case, keys, known)
        _taint(case, thread, taints)
        names = [*keys.near, *(key for key in (keys.own, keys.outlook) if key)]
        fresh = [key for key in names if key not in known]
        if decide(case.verdicts) == Status.PROCESSED:  # what is held must not draw others' answers to it
            fresh += keys.told
        case.thread_keys = tuple(fresh)
        known |= dict.fromkeys(fresh, (thread, case.received_at))


def keep(cursor: Any, cases: Sequence[Case]) -> None:
    """Write the names of a settled batch, in its transaction. One statement."""
    rows: dict[Key, tuple[str, str]] = {}
    for case in cases:
        if case.thread_id:
            rows |= dict.fromkeys(case.thread_keys, (case.thread_id.hex, instant(case.received_at)))
    if rows:
        threads, seen = zip(*rows.values(), strict=True)
        cursor.execute(_KEEP, [as_uuids(rows), as_uuids(threads), as_instants(seen)])


def thread_of(agent_id: uuid.UUID, names: Sequence[str], own: str) -> uuid.UUID:
    """The thread of a mail that this agent sends as ``own``: that of the first Message-ID in ``names`` that has one,
    else a new one. At most one query.
    """
    keys = [name_key(agent_id, name) for name in names[:NEAREST]]
    found = _find(keys)[0] if keys else {}
    known = next((found[key][0] for key in keys if key in found), None)
    return known or uuid.UUID((keys or [name_key(agent_id, own)])[-1])


def _thread(case: Case, keys: Keys, known: Mapping[Key, Known]) -> uuid.UUID:
    for key in (*keys.near, keys.own, keys.outlook):
        if key and (found := known.get(key)):
            return found[0]
    for key in keys.asked:
        if (found := known.get(key)) and abs(case.received_at - found[1]) <= SUBJECT_HOLDS:
            return found[0]
    return uuid.UUID(keys.root)


def _taint(case: Case, thread: uuid.UUID, taints: dict[uuid.UUID, float]) -> None:
    """Let the case know the thread's taint with its own score, and those after it in the batch too."""
    if case.score is not None:
        taints[thread] = max(taints.get(thread, 0.0), case.score.score)
    case.thread_taint = taints.get(thread)


def _find(keys: Iterable[Key]) -> tuple[dict[Key, Known], dict[uuid.UUID, float]]:
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [as_uuids(keys)])
        rows = cursor.fetchall()
    known = {key: (thread, at) for key, thread, at, _ in rows}
    return known, {thread: taint for _, thread, _, taint in rows if taint is not None}
