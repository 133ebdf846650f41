"""What tries say about their endpoints: since when one fails, whether it is slow, when it is disabled.

Decides that an endpoint that fails for five days, or says that it is gone, is disabled, and who is told: the audit, the
agent's other endpoints by an event, the operator by a log line and in the admin. Its waiting deliveries become dead
letters, which a replay brings back.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from postbox.audit.record import record
from postbox.events.body import render, timestamp
from postbox.events.emit import NewEvent, emit
from postbox.events.models import EventKind
from postbox.identity.keys import data_key
from postbox.identity.models import AgentKey
from postbox.lib import clock, envelope
from postbox.lib.ids import uuid7
from webhooks import schedule
from webhooks.models import (
    ENDPOINT_TRANSITIONS,
    Delivery,
    DeliveryState,
    DisabledReason,
    Endpoint,
    EndpointState,
    check_transition,
)
from webhooks.outcomes import Failure, Outcome

log = logging.getLogger(__name__)

HOPELESS_AFTER = timedelta(days=5)
ACTOR = "postbox"

_NOTE = """
UPDATE inbound_webhooks w SET
    last_success_at = coalesce(v.success_at, w.last_success_at),
    last_failure_at = coalesce(v.failed_at, w.last_failure_at),
    consecutive_failures = CASE WHEN v.success_at IS NULL THEN w.consecutive_failures ELSE 0 END + v.failures,
    first_failure_at = CASE WHEN v.success_at IS NULL THEN coalesce(w.first_failure_at, v.first_failed_at)
                            ELSE v.first_failed_at END,
    slow = v.slow,
    not_before = greatest(w.not_before, v.not_before)
FROM (SELECT u.* FROM unnest(%(ids)s::uuid[], %(successes)s::timestamptz[], %(failures)s::int[],
          %(firsts)s::timestamptz[], %(lasts)s::timestamptz[], %(slow)s::bool[], %(not_befores)s::timestamptz[])
          AS u (id, success_at, failures, first_failed_at, failed_at, slow, not_before)
      JOIN inbound_webhooks x ON x.id = u.id ORDER BY u.id FOR NO KEY UPDATE OF x) v
WHERE w.id = v.id
RETURNING w.id, w.consecutive_failures, w.first_failure_at
"""
_PAUSE = """
UPDATE inbound_webhooks w SET not_before = greatest(w.not_before, v.not_before)
FROM unnest(%s::uuid[], %s::timestamptz[]) AS v (id, not_before) WHERE w.id = v.id
"""


@dataclass(slots=True)
class _Summary:
    """What a batch says of one endpoint: its last success, and the failures since."""

    success_at: datetime | None = None
    failures: int = 0
    first_failed_at: datetime | None = None
    failed_at: datetime | None = None
    slow: bool = False
    not_before: datetime | None = None

    def add(self, outcome: Outcome, now: datetime) -> None:
        self.slow = outcome.slow
        if outcome.delivered:
            self.success_at, self.failures, self.first_failed_at = now, 0, None
            return
        self.failures += 1
        self.first_failed_at = self.first_failed_at or now
        self.failed_at = now
        if outcome.pause:
            self.not_before = max(now + outcome.pause, self.not_before or now)


def note(outcomes: Sequence[Outcome]) -> dict[uuid.UUID, datetime]:
    """Write what tries say of their endpoints. Returns those that fail, and since when."""
    now = clock.now()
    summaries: dict[uuid.UUID, _Summary] = {}
    for outcome in outcomes:
        summaries.setdefault(outcome.endpoint_id, _Summary()).add(outcome, now)
    found = list(summaries.values())
    values: dict[str, Any] = {
        "ids": list(summaries),
        "successes": [summary.success_at for summary in found],
        "failures": [summary.failures for summary in found],
        "firsts": [summary.first_failed_at for summary in found],
        "lasts": [summary.failed_at for summary in found],
        "slow": [summary.slow for summary in found],
        "not_befores": [summary.not_before for summary in found],
    }
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, values)
        rows = [row for row in cursor.fetchall() if row[1] and summaries[row[0]].failures]
        pauses = {id_: now + schedule.pause(failures) for id_, failures, _ in rows if schedule.pause(failures)}
        if pauses:
            cursor.execute(_PAUSE, [list(pauses), list(pauses.values())])
    return {id_: since for id_, _, since in rows}


def disable_hopeless(outcomes: Sequence[Outcome], failing: dict[uuid.UUID, datetime]) -> None:
    """Disable the endpoints that are gone or have failed for too long."""
    now = clock.now()
    reasons = {id_: DisabledReason.FAILING for id_, since in failing.items() if now - since >= HOPELESS_AFTER}
    reasons |= {outcome.endpoint_id: outcome.disable for outcome in outcomes if outcome.disable}
    for id_ in sorted(reasons):
        disable(id_, reasons[id_], actor=ACTOR)


def disable(endpoint_id: uuid.UUID, reason: DisabledReason, *, actor: str) -> bool:
    """Disable an active endpoint and say so. False when it was not active any more."""
    check_transition(ENDPOINT_TRANSITIONS, EndpointState.ACTIVE, EndpointState.DISABLED)
    with transaction.atomic():
        active = Endpoint.objects.filter(pk=endpoint_id, state=EndpointState.ACTIVE)
        if not active.update(state=EndpointState.DISABLED, disabled_reason=reason, disabled_at=clock.now()):
            return False
        endpoint = Endpoint.objects.select_related("agent").get(pk=endpoint_id)
        bury(endpoint_id, Failure.ENDPOINT_DISABLED)
        record(actor, "endpoint.disabled", endpoint_id, reason=reason.value, agent=str(endpoint.agent_id))
        _tell_others(endpoint, reason)
    log.warning("endpoint_disabled", extra={"endpoint_id": str(endpoint_id), "reason": reason.value})
    return True


def bury(endpoint_id: uuid.UUID, failure: Failure) -> int:
    """Make an endpoint's waiting deliveries dead letters. Returns how many."""
    return Delivery.objects.filter(endpoint=endpoint_id, state=DeliveryState.PENDING).update(
        state=DeliveryState.DEAD,
        last_error=failure.value,
        settled_at=clock.now(),
        lease_token=None,
        leased_until=None,
    )


def _tell_others(endpoint: Endpoint, reason: DisabledReason) -> None:
    """An ``endpoint.disabled`` event; the disabled one no longer takes any, so it reaches the agent's others."""
    try:
        key = data_key(endpoint.agent_id)
    except AgentKey.DoesNotExist:  # the agent's data was erased: there is nobody left to tell
        return
    now, event_id, kind = clock.now(), uuid7(), EventKind.ENDPOINT_DISABLED
    data = {
        "endpoint_id": str(endpoint.id),
        "agent_id": endpoint.agent.name,
        "description": endpoint.description,
        "reason": reason.value,
        "failing_since": timestamp(endpoint.first_failure_at) if endpoint.first_failure_at else None,
    }
    body = render(event_id, kind, now, data)
    sealed = envelope.seal(key, body, envelope.part_context(event_id, "event", endpoint.agent_id))
    emit([NewEvent(event_id, kind, endpoint.agent_id, None, now, sealed)])
