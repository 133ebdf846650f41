"""Gate ``breakers``: what a runaway agent, or two that answer each other, would send.

Decides by counts over what the agent sent, which its locked row keeps true: the fifth message in a row that says the
same is held, and the agent killed; a conversation, and a counterpart, take so many messages in so long. Counting begins
anew when a person resumed the agent. Thresholds are in reliability's measurements, in docs/outbound.md for users.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from outbound.draft import Draft
from outbound.gates.case import Attempt, Refused
from outbound.models import Origin
from outbound.sameness import NEAR, distance
from postbox.lib.ids import first_uuid7
from postbox.mail.models import Outcome
from postbox.screening.case import Verdict

name = "breakers"

IN_A_ROW, LOOKED_BACK = 5, timedelta(days=30)
A_THREAD, THREAD_WINDOW = 6, timedelta(minutes=10)
A_COUNTERPART, COUNTERPART_WINDOW = 20, timedelta(hours=2)
ANSWERS, ANSWER_WINDOW = 6, timedelta(minutes=10)
AUTOMATIC_WINDOW = timedelta(days=1)

REPEATED = "repeated_message"

# Of ids, whose time is their host's: what was stored a moment after its id was made must not be missed.
_SLACK = timedelta(minutes=1)


def values(draft: Draft, at: datetime) -> dict[str, Any]:
    """What the looks are asked by: when windows begin, and the first id that a message of the longest may have."""
    window = AUTOMATIC_WINDOW if draft.is_automatic else COUNTERPART_WINDOW
    return {
        "looked_back": at - LOOKED_BACK,
        "in_thread_since": at - THREAD_WINDOW,
        "counted_since": at - window,
        "answers_since": at - ANSWER_WINDOW,
        "first_id": first_uuid7(window + _SLACK),
    }


# Counting begins anew when a person resumed the agent. IS TRUE has messages to one counterpart, which are few, found by
# their keys, and not all of the agent's gone through. ``last_prints``: the similarity hashes of the last messages, and
# this one's own in place of any whose fingerprint is the same. ``counterparts``: of each address how many messages, how
# many of them answers, and automatic.
looks = {
    "last_prints": f"""
        ARRAY(SELECT CASE WHEN o.fingerprint = %(fingerprint)s THEN %(similarity)s::bigint ELSE o.similarity END
              FROM outbound_messages o
              WHERE o.agent_id = agent.id AND o.origin <> '{Origin.NOTICE}'
                AND o.created_at > greatest(%(looked_back)s, agent.state_since)
              ORDER BY o.created_at DESC LIMIT {IN_A_ROW - 1})""",  # noqa: S608
    "in_thread": """
        SELECT count(*) FROM outbound_messages o
        WHERE o.thread_id = %(thread)s AND o.agent_id = agent.id
          AND o.created_at > greatest(%(in_thread_since)s, agent.state_since)""",
    "counterparts": """
        SELECT json_agg(json_build_array(found.messages, found.answers, found.automatic)) FROM (
            SELECT count(*) AS messages, count(*) FILTER (WHERE o.is_automatic) AS automatic,
                   count(*) FILTER (WHERE o.is_answer AND o.created_at > %(answers_since)s) AS answers
            FROM outbound_recipients r JOIN outbound_messages o ON o.message_id = r.message_id
            WHERE lower(r.address) = ANY(%(addresses)s) AND r.message_id > %(first_id)s
              AND (o.agent_id = agent.id) IS TRUE
              AND (o.created_at > greatest(%(counted_since)s, agent.state_since)) IS TRUE
            GROUP BY lower(r.address)) AS found""",
}


class OneAutomaticAnswer(Refused):
    code = "one_automatic_answer"
    message = "This sender was answered automatically within a day."
    fix = "Answer by a mail that was written for it."


def check(attempt: Attempt) -> Verdict:
    if attempt.draft.origin == Origin.NOTICE:
        return Verdict(name, Outcome.SKIP, "notice", "A notice to a person.")
    return (
        _repeated(attempt)
        or _in_thread(attempt)
        or _to_counterparts(attempt)
        or Verdict(name, Outcome.PASS, "calm", "Nothing here repeats itself.")
    )


def _repeated(attempt: Attempt) -> Verdict | None:
    before: list[int] = attempt.seen["last_prints"]
    if len(before) < IN_A_ROW - 1 or any(distance(one, attempt.similarity) > NEAR for one in before):
        return None
    reason = f"The agent's last {IN_A_ROW} messages say the same; it was killed until a person has looked."
    return Verdict(name, Outcome.HOLD, REPEATED, reason)


def _in_thread(attempt: Attempt) -> Verdict | None:
    count: int = attempt.seen["in_thread"]
    if count < A_THREAD:
        return None
    minutes = int(THREAD_WINDOW.total_seconds() // 60)
    reason = f"The agent sent {count} messages in this conversation within {minutes} minutes."
    return Verdict(name, Outcome.HOLD, "busy_thread", reason)


def _to_counterparts(attempt: Attempt) -> Verdict | None:
    for count, answers, automatic in attempt.seen["counterparts"] or ():
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
