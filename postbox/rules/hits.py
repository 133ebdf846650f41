"""Counting how often a rule matched."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any

from postbox.lib import clock

# Locked in one order, so that two batches that hit the same rules never wait for each other in a circle.
_COUNT = """
WITH locked AS (SELECT id FROM inbound_rules WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE)
UPDATE inbound_rules r SET hits = r.hits + v.count, last_hit_at = %(now)s
FROM unnest(%(ids)s::uuid[], %(counts)s::int[]) AS v (id, count), locked
WHERE r.id = v.id AND r.id = locked.id
"""


def count_hits(cursor: Any, hits: Iterable[uuid.UUID]) -> None:
    """Add a batch's hits, in its transaction and as its last statement, since a busy rule's row is then locked."""
    counted = Counter(hits)
    if counted:
        cursor.execute(_COUNT, {"ids": list(counted), "counts": list(counted.values()), "now": clock.now()})
