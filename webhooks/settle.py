"""Writing down a batch of tries: the deliveries' states, a row a try, and what they say about the endpoints.

Decides that only the holder of a lease settles a delivery, and when an endpoint is disabled. A batch of successes is
one statement; endpoints are written when their health changes, and every few seconds while it does not.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from postbox.identity.keys import data_key
from postbox.identity.models import AgentKey
from postbox.lib import clock, envelope
from webhooks import health, metrics
from webhooks.models import DELIVERY_TRANSITIONS, DeliveryState, check_transition
from webhooks.outcomes import Outcome

_NOTED_EVERY = 5.0

_SETTLE = """
WITH v AS MATERIALIZED (
    SELECT * FROM unnest(%(ids)s::bigint[], %(tokens)s::uuid[], %(states)s::text[], %(not_befores)s::timestamptz[],
        %(statuses)s::smallint[], %(errors)s::text[], %(numbers)s::smallint[], %(ats)s::timestamptz[],
        %(durations)s::int[], %(responses)s::bytea[])
    AS v (id, token, state, not_before, status, error, number, at, duration, response)
), own AS (
    UPDATE webhook_deliveries d
    SET state = v.state, not_before = v.not_before, lease_token = NULL, leased_until = NULL,
        last_status = v.status, last_error = v.error,
        settled_at = CASE WHEN v.state <> 'pending' THEN %(now)s::timestamptz END
    FROM v WHERE d.id = v.id AND d.lease_token = v.token
    RETURNING d.id
), tried AS (
    INSERT INTO webhook_attempts (delivery_id, number, at, duration_ms, status, error, response)
    SELECT v.id, v.number, v.at, v.duration, v.status, v.error, v.response FROM v JOIN own ON own.id = v.id
)
SELECT id FROM own
"""


def settle(outcomes: Sequence[Outcome]) -> int:
    """Write a batch. Returns how many deliveries were still ours; the others are somebody else's by now."""
    for outcome in outcomes:
        check_transition(DELIVERY_TRANSITIONS, DeliveryState.PENDING, outcome.state)
    telling = [outcome for outcome in outcomes if _tells_something(outcome)]
    if not telling:
        own = _write(outcomes)
        metrics.tried(outcomes)
        return own
    with transaction.atomic():
        # Endpoints first, as fan-out and disabling do, so that nobody waits in a circle.
        failing = health.note(telling)
        own = _write(outcomes)
        health.disable_hopeless(telling, failing)
    metrics.tried(outcomes)
    _remember(telling)
    return own


def _write(outcomes: Sequence[Outcome]) -> int:
    ordered = sorted(outcomes, key=lambda outcome: outcome.tried.claimed.id)
    tries = [outcome.tried for outcome in ordered]
    values: dict[str, Any] = {
        "now": clock.now(),
        "ids": [tried.claimed.id for tried in tries],
        "tokens": [tried.claimed.token for tried in tries],
        "states": [outcome.state.value for outcome in ordered],
        "not_befores": [outcome.not_before for outcome in ordered],
        "statuses": [tried.status or None for tried in tries],
        "errors": [outcome.error for outcome in ordered],
        "numbers": [tried.claimed.attempts for tried in tries],
        "ats": [tried.at for tried in tries],
        "durations": [round(tried.seconds * 1000) for tried in tries],
        "responses": [_sealed(outcome) for outcome in ordered],
    }
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, values)
        return len(cursor.fetchall())


def response_context(delivery_id: int, agent_id: uuid.UUID) -> str:
    """What an attempt's kept answer is bound to."""
    return envelope.part_context(delivery_id, "response", agent_id)


def _sealed(outcome: Outcome) -> bytes | None:
    """The beginning of the answer, sealed."""
    tried = outcome.tried
    if not tried.response:
        return None
    try:
        key = data_key(tried.claimed.agent_id)
    except AgentKey.DoesNotExist:
        return None
    return envelope.seal(key, tried.response, response_context(tried.claimed.id, tried.claimed.agent_id))


# --- which endpoints' rows are written ---------------------------------------------------------------------------

_noted: dict[uuid.UUID, float] = {}


def _tells_something(outcome: Outcome) -> bool:
    """Whether a try changes what its endpoint's row says, or the row's last success is older than some seconds."""
    claimed = outcome.tried.claimed
    if not outcome.speaks_of_endpoint:
        return False
    if not outcome.delivered or outcome.slow or claimed.slow or claimed.failing:
        return True
    return time.monotonic() - _noted.get(claimed.endpoint_id, 0.0) > _NOTED_EVERY


def _remember(telling: Sequence[Outcome]) -> None:
    if len(_noted) > 10_000:
        _noted.clear()
    now = time.monotonic()
    for outcome in telling:
        # After a failure the next success is written whenever it comes.
        _noted[outcome.endpoint_id] = now if outcome.delivered and not outcome.slow else 0.0
