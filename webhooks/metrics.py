"""What webhooks count, and their queue as it is read from its rows.

Decides names and labels; endpoints and agents are never among them.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from postbox.lib import clock
from postbox.metrics.counts import Counter, Histogram
from postbox.metrics.gauges import Gauge, queue
from webhooks.models import DeliveryState, Endpoint, EndpointState
from webhooks.outcomes import Outcome

# A backlog beyond this is counted as this much.
COUNTED_UP_TO = 20_000

TRIES = Counter(
    "postbox_webhook_tries",
    "Posts by what came of them: delivered, failed (tried again) or dead.",
    ("outcome", "error"),
)
TRY_SECONDS = Histogram(
    "postbox_webhook_seconds",
    "From the post to the answer.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
_OUTCOMES = {
    DeliveryState.DELIVERED: "delivered",
    DeliveryState.PENDING: "failed",
    DeliveryState.DEAD: "dead",
}
# Of retries only those that are due count as waiting; an endpoint that rests or is disabled holds nobody up.
_QUEUE = f"""
WITH fresh AS (
    SELECT event_id FROM event_copies WHERE consumer = 'webhooks' ORDER BY id LIMIT %(limit)s
), due AS (
    SELECT d.not_before FROM webhook_deliveries d JOIN inbound_webhooks w ON w.id = d.endpoint_id
    WHERE d.state = '{DeliveryState.PENDING}' AND d.not_before <= %(now)s
      AND w.state = '{EndpointState.ACTIVE}' AND w.not_before <= %(now)s
    LIMIT %(limit)s
)
SELECT (SELECT count(*) FROM fresh) + (SELECT count(*) FROM due),
       least((SELECT e.created_at FROM (SELECT event_id FROM fresh LIMIT 1) f JOIN events e ON e.id = f.event_id),
             (SELECT min(not_before) FROM due))
"""  # noqa: S608


def tried(outcomes: Iterable[Outcome]) -> None:
    """Count tries that were made, whether or not their rows were still ours."""
    for outcome in outcomes:
        TRIES.inc(_OUTCOMES[outcome.state], outcome.error)
        if outcome.tried.seconds:
            TRY_SECONDS.observe(outcome.tried.seconds)


def gauges() -> list[Gauge]:
    """What waits to be posted, and the endpoints that were disabled; two queries."""
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, {"limit": COUNTED_UP_TO, "now": clock.now()})
        waiting, oldest = cursor.fetchone()
    disabled = Endpoint.objects.filter(state=EndpointState.DISABLED).count()
    return [
        *queue("webhooks", waiting, oldest),
        Gauge("postbox_webhook_endpoints_disabled", "Endpoints that were disabled.", values={(): float(disabled)}),
    ]
