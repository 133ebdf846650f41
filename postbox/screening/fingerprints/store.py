"""The fingerprints of mail that came before: looked up once a batch, kept with the batch that brings new ones.

Decides which campaign a mail belongs to: that of the mail which said the very same, else that with which it shares the
most bands. A campaign is named by its first mail. Every mail counts, whatever became of it, and whoever it was for: a
campaign is one thing over all addresses. Of two mails that two workers have at once, neither may see the other.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from postbox.lib import clock
from postbox.lib.arrays import as_array, as_instants, as_uuids, instant
from postbox.screening.case import Case, Repetition
from postbox.screening.fingerprints.prints import NEAR_BANDS, Prints, prints_of

# A fingerprint that still matches is not written anew with each mail.
_FRESH = timedelta(days=1)
# A row a campaign: mail that repeats others finds all of its fingerprints, and a row of each would cost as much again.
_FIND = """
SELECT campaign_id, coalesce(max(c.mails), 1), coalesce(max(c.addresses), 1), string_agg(p.hex, ' '),
       coalesce(string_agg(p.hex, ' ') FILTER (WHERE p.seen_at < %s), '')
FROM (SELECT encode(uuid_send(key), 'hex') AS hex, campaign_id, seen_at FROM fingerprints
      WHERE key = ANY(%s::uuid[]) AND seen_at > %s) AS p LEFT JOIN campaigns c ON c.id = p.campaign_id
GROUP BY campaign_id
"""
# In one order, so that two batches never wait for each other in a circle. Whoever comes first names the campaign.
_KEEP = """
INSERT INTO fingerprints AS p (key, campaign_id, seen_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS v (key, campaign_id, seen_at)
ORDER BY key
ON CONFLICT (key) DO UPDATE SET seen_at = excluded.seen_at,
    campaign_id = CASE WHEN p.seen_at > %s THEN p.campaign_id ELSE excluded.campaign_id END
WHERE p.seen_at < excluded.seen_at
"""
# The campaign's first mail counts when its second comes; in one order again, and last in its transaction, since a busy
# campaign's row is then locked.
_COUNT = """
WITH reached AS (
    INSERT INTO campaign_addresses (campaign_id, address_id)
    SELECT campaign_id, address_id FROM (
        SELECT * FROM unnest(%(pairs)s::uuid[], %(addresses)s::uuid[]) AS v (campaign_id, address_id)
        UNION SELECT m.id, m.address_id FROM messages m WHERE m.id = ANY(%(ids)s::uuid[])
    ) AS both_of WHERE address_id IS NOT NULL
    ORDER BY campaign_id, address_id
    ON CONFLICT DO NOTHING RETURNING campaign_id
)
INSERT INTO campaigns AS c (id, mails, addresses, last_seen, last_message_id)
SELECT v.id, v.mails + 1, (SELECT count(*) FROM reached r WHERE r.campaign_id = v.id), v.seen, v.message_id
FROM unnest(%(ids)s::uuid[], %(mails)s::text::int[], %(seen)s::timestamptz[], %(messages)s::uuid[])
     AS v (id, mails, seen, message_id)
ORDER BY v.id
ON CONFLICT (id) DO UPDATE SET mails = c.mails + excluded.mails - 1, addresses = c.addresses + excluded.addresses,
    last_seen = GREATEST(c.last_seen, excluded.last_seen), last_message_id = excluded.last_message_id
"""


@dataclass(slots=True, eq=False)
class _Campaign:
    """What is known of a campaign while a batch is looked at; ``stale`` are its fingerprints to be written anew."""

    id: uuid.UUID
    mails: int
    addresses: int
    stale: set[str] = field(default_factory=set)


def look_up(cases: Iterable[Case]) -> None:
    """Give each distilled case its ``prints``, and ``repeats`` where it says what others said. One query."""
    for case in cases:
        case.prints = prints_of(case.distilled.reply_text) if case.parsed else None
    printed = [(case, case.prints) for case in cases if case.prints]
    if not printed:
        return
    known = _find({key for _, prints in printed for key in (prints.exact, *prints.bands)})
    for case, prints in printed:
        campaign = _campaign_of(case, prints, known)
        for key in (prints.exact, *prints.bands):
            known.setdefault(key, campaign)


def keep(cursor: Any, cases: Sequence[Case]) -> None:
    """Write the new fingerprints of a settled batch, in its transaction. One statement."""
    rows: dict[str, tuple[str, str]] = {}
    for case in cases:
        campaign = case.repeats.campaign_id if case.repeats else case.id
        rows |= dict.fromkeys(case.new_prints, (campaign.hex, instant(case.received_at)))
    if rows:
        campaigns, seen = zip(*rows.values(), strict=True)
        cursor.execute(_KEEP, [as_uuids(rows), as_uuids(campaigns), as_instants(seen), _oldest()])


def count(cursor: Any, cases: Sequence[Case]) -> None:
    """Count the mails that say what others said, in their transaction and at its end. One statement, or none."""
    campaigns: dict[uuid.UUID, list[Case]] = defaultdict(list)
    for case in cases:
        if case.repeats:
            campaigns[case.repeats.campaign_id].append(case)
    if not campaigns:
        return
    reached = {(id_.hex, case.address_id.hex) for id_, own in campaigns.items() for case in own if case.address_id}
    values = {
        "pairs": as_uuids(campaign for campaign, _ in reached),
        "addresses": as_uuids(address for _, address in reached),
        "ids": as_uuids(id_.hex for id_ in campaigns),
        "mails": as_array(str(len(own)) for own in campaigns.values()),
        "seen": as_instants(instant(max(case.received_at for case in own)) for own in campaigns.values()),
        "messages": as_uuids(own[-1].id.hex for own in campaigns.values()),
    }
    cursor.execute(_COUNT, values)


def _campaign_of(case: Case, prints: Prints, known: dict[str, _Campaign]) -> _Campaign:
    """The campaign, a new one where nothing is like this text; the case learns what is to be kept and to be said."""
    campaign, exact = known.get(prints.exact), True
    if campaign is None:
        exact = False
        best = Counter(found for key in prints.bands if (found := known.get(key))).most_common(1)
        campaign = best[0][0] if best and best[0][1] >= NEAR_BANDS else None
    if campaign is None:
        campaign = _Campaign(case.id, 0, 0)
    else:
        case.repeats = Repetition(campaign.id, exact, campaign.mails, campaign.addresses)
    campaign.mails += 1
    case.new_prints = tuple(
        key for key in (prints.exact, *prints.bands) if (found := known.get(key)) is None or key in found.stale
    )
    return campaign


def _find(keys: Iterable[str]) -> dict[str, _Campaign]:
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [clock.now() - _FRESH, as_uuids(keys), _oldest()])
        rows = cursor.fetchall()
    known: dict[str, _Campaign] = {}
    for id_, mails, addresses, found, stale in rows:
        known |= dict.fromkeys(found.split(), _Campaign(id_, mails, addresses, set(stale.split())))
    return known


def _oldest() -> datetime:
    return clock.now() - timedelta(days=settings.POSTBOX_FINGERPRINT_DAYS)
