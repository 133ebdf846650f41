"""Which domains have written to an owner: how often, and since when.

Decides what a new domain is: one from which no mail came to this owner before. Looked up once a batch, and counted with
the batch that is settled; a domain that is known well is not counted with each of its mails.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from postbox.lib.orgdomain import organisational
from postbox.mail.models import Status
from postbox.screening.case import Case, decide
from postbox.screening.likeness import own
from postbox.screening.models import OFTEN

_MOST_OCTETS = 253
# Beyond so many, a count tells nothing new; then it is enough to know that it still writes.
_COUNTED = 4 * OFTEN
_FRESH = timedelta(days=1)
_FIND = """
SELECT c.owner_id, c.domain, c.mails, c.last_seen
FROM unnest(%s::uuid[], %s::text[]) AS v (owner_id, domain)
JOIN correspondents c ON c.owner_id = v.owner_id AND c.domain = v.domain
"""
# In one order, so that two batches never wait for each other in a circle.
_COUNT = """
INSERT INTO correspondents AS c (owner_id, domain, mails, first_seen, last_seen)
SELECT owner_id, domain, mails, seen, seen
FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::timestamptz[]) AS v (owner_id, domain, mails, seen)
ORDER BY owner_id, domain
ON CONFLICT (owner_id, domain) DO UPDATE SET mails = c.mails + excluded.mails,
    last_seen = GREATEST(c.last_seen, excluded.last_seen)
"""


def look_up(cases: Iterable[Case]) -> None:
    """Give each parsed case its ``own`` and whether its author's domain is known. Two queries at most, mostly one."""
    asked = [(case, case.owner_id, domain) for case in cases if case.owner_id and (domain := domain_of(case))]
    if not asked:
        return
    owned = own.of({owner_id for _, owner_id, _ in asked})
    pairs = sorted({(owner_id, domain) for _, owner_id, domain in asked})
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [[owner_id for owner_id, _ in pairs], [domain for _, domain in pairs]])
        known: dict[tuple[uuid.UUID, str], tuple[int, datetime | None]] = {
            (owner_id, domain): (mails, seen) for owner_id, domain, mails, seen in cursor.fetchall()
        }
    for case, owner_id, domain in asked:
        case.own = owned[owner_id]
        mails, seen = known.get((owner_id, domain), (0, None))
        case.domain_is_new = not mails
        if mails < _COUNTED or (seen and seen < case.received_at - _FRESH):
            case.counted_domain = domain
        known[owner_id, domain] = mails + 1, case.received_at


def count(cursor: Any, cases: Sequence[Case]) -> None:
    """Count the domains of a settled batch, in its transaction. One statement, or none.

    What was refused counts for nothing: it may not make a domain known.
    """
    counted: dict[tuple[uuid.UUID, str], tuple[int, datetime]] = {}
    for case in cases:
        if case.counted_domain and case.owner_id and decide(case.verdicts) != Status.REFUSED:
            mails, seen = counted.get((case.owner_id, case.counted_domain), (0, case.received_at))
            counted[case.owner_id, case.counted_domain] = mails + 1, max(seen, case.received_at)
    if counted:
        owners, domains = zip(*counted, strict=True)
        numbers, times = zip(*counted.values(), strict=True)
        cursor.execute(_COUNT, [list(owners), list(domains), list(numbers), list(times)])


def domain_of(case: Case) -> str:
    """The organisational domain of a mail's one author, empty where there is none."""
    if case.parsed is None or len(case.parsed.from_) != 1:
        return ""
    name = case.parsed.from_[0].address.rpartition("@")[2].rstrip(".").lower()
    return organisational(name) if 0 < len(name) <= _MOST_OCTETS else ""
