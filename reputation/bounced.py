"""What a bounce or a complaint means for whom an owner may write to.

Decides that a hard bounce and a spam complaint block an address for thirty days, in its reputation and on the list of
suppressions alike, and that a soft bounce is only counted. It never touches a message (outbound.reports does).
"""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import datetime, timedelta

from django.db import connection

from reputation import counting
from reputation.models import SuppressionReason
from reputation.suppressions import suppress

BLOCKED = timedelta(days=30)

_NOTE = """
INSERT INTO email_reputations (owner_id, address, sent, hard_bounces, soft_bounces, complaints, last_bounce_at,
                               last_bounce_type, blocked_until)
VALUES (%(owner)s, %(address)s, 0, %(hard)s, %(soft)s, %(complaint)s, %(at)s, %(type)s, %(until)s)
ON CONFLICT (owner_id, address) DO UPDATE
SET hard_bounces = email_reputations.hard_bounces + excluded.hard_bounces,
    soft_bounces = email_reputations.soft_bounces + excluded.soft_bounces,
    complaints = email_reputations.complaints + excluded.complaints,
    last_bounce_at = greatest(email_reputations.last_bounce_at, excluded.last_bounce_at),
    last_bounce_type = excluded.last_bounce_type,
    blocked_until = greatest(email_reputations.blocked_until, excluded.blocked_until)
"""


def note(
    owner_id: uuid.UUID,
    agent_id: uuid.UUID,
    address: str,
    *,
    bounce_type: str,
    is_hard: bool,
    is_complaint: bool,
    detail: str,
    at: datetime,
) -> None:
    """Write down a bounce or a complaint of one recipient, in the caller's transaction."""
    until = at + BLOCKED if is_hard or is_complaint else None
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTE,
            {
                "owner": owner_id,
                "address": address.lower(),
                "hard": int(is_hard and not is_complaint),
                "soft": int(not is_hard and not is_complaint),
                "complaint": int(is_complaint),
                "at": at,
                "type": bounce_type[:32],
                "until": until,
            },
        )
    if until:
        reason = SuppressionReason.COMPLAINT if is_complaint else SuppressionReason.HARD_BOUNCE
        suppress(owner_id, address, reason, detail=detail, expires_at=until, actor="reputation")
    counting.days(Counter({(agent_id, "complained" if is_complaint else "bounced"): 1}))
