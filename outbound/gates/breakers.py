"""Gate ``breakers``: what a runaway agent, or two that answer each other, would send.

Decides by counts over what the agent sent, which its locked row keeps true: the fifth message in a row that says the
same is held, and the agent killed; a conversation, and a counterpart, take so many messages in so long. Counting begins
anew when a person resumed the agent. Thresholds are in reliability's measurements, in docs/outbound.md for users.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from outbound.gates.case import Attempt, Refused
from outbound.models import Origin
from outbound.sameness import NEAR, distance
from postbox.mail.models import Outcome
from postbox.screening.case import Verdict

name = "breakers"

IN_A_ROW = 5
A_THREAD, THREAD_WINDOW = 6, timedelta(minutes=10)
A_COUNTERPART, COUNTERPART_WINDOW = 20, timedelta(hours=2)
ANSWERS, ANSWER_WINDOW = 6, timedelta(minutes=10)
AUTOMATIC_WINDOW = timedelta(days=1)

REPEATED = "repeated_message"

_LAST = """
SELECT o.fingerprint, o.similarity FROM outbound_messages o
WHERE o.agent_id = %(agent)s AND o.origin <> 'notice' AND o.created_at > %(since)s
ORDER BY o.created_at DESC LIMIT %(limit)s
"""
_THREAD = """
SELECT count(*) FROM outbound_messages WHERE thread_id = %(thread)s AND agent_id = %(agent)s AND created_at > %(since)s
"""
_COUNTERPARTS = """
SELECT r.address, count(*), count(*) FILTER (WHERE o.is_answer AND o.created_at > %(answers_since)s),
       count(*) FILTER (WHERE o.is_automatic AND o.created_at > %(automatic_since)s)
FROM outbound_messages o JOIN outbound_recipients r ON r.message_id = o.message_id
WHERE o.agent_id = %(agent)s AND o.created_at > %(since)s AND lower(r.address) = ANY(%(addresses)s)
GROUP BY r.address
"""


class OneAutomaticAnswer(Refused):
    code = "one_automatic_answer"
    message = "This sender was answered automatically within a day."
    fix = "Answer by a mail that was written for it."


def check(attempt: Attempt) -> Verdict:
    if attempt.draft.origin == Origin.NOTICE:
        return Verdict(name, Outcome.SKIP, "notice", "A notice to a person.")
    reset = attempt.sender.state_since
    return (
        _repeated(attempt, reset)
        or _in_thread(attempt, reset)
        or _to_counterparts(attempt, reset)
        or Verdict(name, Outcome.PASS, "calm", "Nothing here repeats itself.")
    )


def _repeated(attempt: Attempt, reset: datetime | None) -> Verdict | None:
    values: dict[str, Any] = {"agent": attempt.sender.agent_id, "limit": IN_A_ROW - 1}
    values["since"] = _since(attempt, None, reset)
    with connection.cursor() as cursor:
        cursor.execute(_LAST, values)
        before: Sequence[tuple[bytes, int]] = cursor.fetchall()
    if len(before) < IN_A_ROW - 1 or not all(_same(attempt, *one) for one in before):
        return None
    reason = f"The agent's last {IN_A_ROW} messages say the same; it was killed until a person has looked."
    return Verdict(name, Outcome.HOLD, REPEATED, reason)


def _same(attempt: Attempt, fingerprint: bytes, similarity: int) -> bool:
    return bytes(fingerprint) == attempt.fingerprint or distance(similarity, attempt.similarity) <= NEAR


def _in_thread(attempt: Attempt, reset: datetime | None) -> Verdict | None:
    since = _since(attempt, THREAD_WINDOW, reset)
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"thread": attempt.thread_id, "agent": attempt.sender.agent_id, "since": since}
        cursor.execute(_THREAD, values)
        (count,) = cursor.fetchone()
    if count < A_THREAD:
        return None
    minutes = int(THREAD_WINDOW.total_seconds() // 60)
    reason = f"The agent sent {count} messages in this conversation within {minutes} minutes."
    return Verdict(name, Outcome.HOLD, "busy_thread", reason)


def _to_counterparts(attempt: Attempt, reset: datetime | None) -> Verdict | None:
    window = AUTOMATIC_WINDOW if attempt.draft.is_automatic else COUNTERPART_WINDOW
    values: dict[str, Any] = {
        "agent": attempt.sender.agent_id,
        "addresses": attempt.addresses,
        "since": _since(attempt, window, reset),
        "answers_since": attempt.at - ANSWER_WINDOW,
        "automatic_since": attempt.at - AUTOMATIC_WINDOW,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNTERPARTS, values)
        rows: Sequence[tuple[str, int, int, int]] = cursor.fetchall()
    for _, count, answers, automatic in rows:
        if attempt.draft.origin == Origin.AUTO_REPLY and automatic:
            raise OneAutomaticAnswer()
        if attempt.draft.in_reply_to and answers >= ANSWERS:
            minutes = int(ANSWER_WINDOW.total_seconds() // 60)
            reason = f"The agent answered one counterpart {answers} times within {minutes} minutes."
            return Verdict(name, Outcome.HOLD, "ping_pong", reason)
        if count >= A_COUNTERPART:
            hours = int(COUNTERPART_WINDOW.total_seconds() // 3600)
            reason = f"The agent wrote to one counterpart {count} times within {hours} hours."
            return Verdict(name, Outcome.HOLD, "busy_counterpart", reason)
    return None


def _since(attempt: Attempt, window: timedelta | None, reset: datetime | None) -> datetime:
    """The beginning of a window, or the reset where that is later; without a window, a month back."""
    begin = attempt.at - (window or timedelta(days=30))
    return max(begin, reset) if reset else begin
