"""Which thread a mail belongs to, by one look-up and one insert a batch.

Decides by the mails that it names, then by Outlook's index, then, for an answer whose names are all unknown, by a
subject that a participant used within two weeks. Whoever comes first names the thread after the conversation's first
mail, so that two workers who see two of its mails at once mostly agree. Threads that turn out to be one are not merged:
what was told of a mail stays true.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from postbox.ingest.thread_keys import Keys, keys_of
from postbox.mail.models import Status
from postbox.screening.case import Case, decide

log = logging.getLogger(__name__)

SUBJECT_HOLDS = timedelta(days=14)
_FIND = "SELECT key, thread_id, seen_at FROM thread_keys WHERE key = ANY(%s)"
# In one order, so that two batches never wait for each other in a circle. A subject goes to its newest thread.
_KEEP = """
INSERT INTO thread_keys (key, thread_id, seen_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS v (key, thread_id, seen_at) ORDER BY key
ON CONFLICT (key) DO UPDATE SET thread_id = excluded.thread_id, seen_at = excluded.seen_at
WHERE thread_keys.seen_at < excluded.seen_at
"""

Known = tuple[uuid.UUID, datetime]


def assign(cases: Iterable[Case]) -> None:
    """Give each parsed case its ``thread_id``, and in ``thread_keys`` the names to be kept for it. One query."""
    keyed = [(case, keys) for case in cases if case.parsed is not None and (keys := _keys(case))]
    known = _find({key for _, keys in keyed for key in keys.all()}) if keyed else {}
    for case, keys in keyed:
        case.thread_id = thread = _thread(case, keys, known)
        names = [*keys.near, *(key for key in (keys.own, keys.outlook) if key)]
        fresh = [key for key in names if key not in known]
        if decide(case.verdicts) == Status.PROCESSED:  # what is held must not draw others' answers to it
            fresh += keys.told
        case.thread_keys = tuple(fresh)
        known |= dict.fromkeys(fresh, (thread, case.received_at))


def keep(cursor: Any, cases: Sequence[Case]) -> None:
    """Write the names of a settled batch, in its transaction. One statement."""
    rows: dict[uuid.UUID, Known] = {}
    for case in cases:
        if case.thread_id:
            rows |= dict.fromkeys(case.thread_keys, (case.thread_id, case.received_at))
    if rows:
        values = list(rows.values())
        cursor.execute(_KEEP, [list(rows), [thread for thread, _ in values], [at for _, at in values]])


def _keys(case: Case) -> Keys | None:
    """None where they cannot be made: such a mail stands alone, and its batch goes on."""
    try:
        return keys_of(case)
    except Exception as error:
        log.error("no_thread", extra={"message_id": str(case.id)}, exc_info=error)
        return None


def _thread(case: Case, keys: Keys, known: Mapping[uuid.UUID, Known]) -> uuid.UUID:
    for key in (*keys.near, keys.own, keys.outlook):
        if key and (found := known.get(key)):
            return found[0]
    for key in keys.asked:
        if (found := known.get(key)) and abs(case.received_at - found[1]) <= SUBJECT_HOLDS:
            return found[0]
    return keys.root


def _find(keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, Known]:
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [list(keys)])
        return {key: (thread, at) for key, thread, at in cursor.fetchall()}
