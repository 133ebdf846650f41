"""What webhooks show on the front page: deliveries that wait, dead letters, endpoints that were disabled."""

from __future__ import annotations

from django.db.models import QuerySet

from postbox.desk.figures import COUNTED_UP_TO, Figure, counted
from postbox.desk.words import Level
from webhooks.models import Delivery, DeliveryState, Endpoint, EndpointState

_MANY = 1_000


def figures() -> list[Figure]:
    """Three bounded counts."""
    waiting = _count(Delivery.objects.filter(state=DeliveryState.PENDING))
    dead = _count(Delivery.objects.filter(state=DeliveryState.DEAD))
    disabled = _count(Endpoint.objects.filter(state=EndpointState.DISABLED))
    level = Level.WARNING if waiting > _MANY else Level.PLAIN
    return [
        Figure("Deliveries", counted(waiting), "wait for an endpoint", level),
        Figure(
            "Dead letters",
            counted(dead),
            f"given up; {disabled} {'endpoint' if disabled == 1 else 'endpoints'} disabled",
            Level.DANGER if dead or disabled else Level.PLAIN,
        ),
    ]


def _count(rows: QuerySet[Delivery] | QuerySet[Endpoint]) -> int:
    return rows.order_by().values("pk")[: COUNTED_UP_TO + 1].count()
