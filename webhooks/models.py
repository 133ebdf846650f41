"""Webhook endpoints, the secrets that sign for them, what is to be delivered to them, and every try.

Decides the states of an endpoint and of a delivery, and which may follow which. It never decides when to try again.
Times, states, codes and URLs are in the clear; secrets and answers are sealed under the agent's data key.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.postgres.fields import ArrayField
from django.db import models

from postbox.events.models import Event, Leased
from postbox.identity.models import Agent
from postbox.lib import clock
from postbox.lib.ids import uuid7


class EndpointState(models.TextChoices):
    ACTIVE = "active", "Active"
    DISABLED = "disabled", "Disabled"
    DELETED = "deleted", "Deleted"


class DisabledReason(models.TextChoices):
    GONE = "gone", "It answered 410 Gone"
    FAILING = "failing", "It failed for five days"
    AGENT = "agent", "Its agent disabled it"
    OPERATOR = "operator", "An operator disabled it"


class DeliveryState(models.TextChoices):
    PENDING = "pending", "Pending"
    DELIVERED = "delivered", "Delivered"
    DEAD = "dead", "Dead letter"


# From each state, the states that may follow. A replay makes a settled delivery pending again.
ENDPOINT_TRANSITIONS: Mapping[str, frozenset[str]] = {
    EndpointState.ACTIVE: frozenset({EndpointState.DISABLED, EndpointState.DELETED}),
    EndpointState.DISABLED: frozenset({EndpointState.ACTIVE, EndpointState.DELETED}),
    EndpointState.DELETED: frozenset(),
}
DELIVERY_TRANSITIONS: Mapping[str, frozenset[str]] = {
    DeliveryState.PENDING: frozenset({DeliveryState.PENDING, DeliveryState.DELIVERED, DeliveryState.DEAD}),
    DeliveryState.DELIVERED: frozenset({DeliveryState.PENDING}),
    DeliveryState.DEAD: frozenset({DeliveryState.PENDING}),
}


class IllegalTransition(Exception):
    """An endpoint or a delivery was to go from one state to another that may not follow it."""


def check_transition(allowed: Mapping[str, frozenset[str]], before: str, after: str) -> None:
    """Raise IllegalTransition unless ``after`` may follow ``before``."""
    if after not in allowed.get(before, frozenset()):
        raise IllegalTransition(f"what is {before} cannot become {after}")


class Endpoint(models.Model):
    """Where an agent wants its events posted. ``kinds``: kinds or ``message.*``; empty takes every kind.

    ``slow``: its last try failed or took long, so it has a few slots of its own until one goes well.
    ``not_before``: nothing is posted to it until then. ``secret_version`` tells workers that secrets have changed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="endpoints", db_index=False)
    url = models.CharField("URL", max_length=2000)
    kinds = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    description = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=16, choices=EndpointState, default=EndpointState.ACTIVE, editable=False)
    disabled_reason = models.CharField(max_length=16, choices=DisabledReason, blank=True, editable=False)
    disabled_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    sequence = models.BigIntegerField(default=0, editable=False)
    secret_version = models.PositiveIntegerField(default=1, editable=False)
    slow = models.BooleanField(default=False, editable=False)
    not_before = models.DateTimeField(default=clock.now, editable=False)
    consecutive_failures = models.PositiveIntegerField(default=0, editable=False)
    first_failure_at = models.DateTimeField(null=True, editable=False)
    last_failure_at = models.DateTimeField(null=True, editable=False)
    last_success_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "inbound_webhooks"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["agent"], name="inbound_webhooks_active", condition=models.Q(state="active")),
            models.Index(fields=["agent", "id"], name="inbound_webhooks_agent"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=EndpointState.values), name="inbound_webhooks_state"),
            models.CheckConstraint(
                condition=~models.Q(state="disabled") | ~models.Q(disabled_reason=""), name="inbound_webhooks_reason"
            ),
        ]

    def __str__(self) -> str:
        """Without path and query, which may hold secrets."""
        return "/".join(self.url.split("?")[0].split("/")[:3])


class EndpointSecret(models.Model):
    """A signing secret, sealed. One has no ``expires_at``: the newest; a rotated one signs until then."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="secrets", db_index=False)
    sealed = models.BinaryField(editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "webhook_secrets"
        indexes = [models.Index(fields=["endpoint", "-id"], name="webhook_secrets_endpoint")]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint"], condition=models.Q(expires_at=None), name="webhook_secrets_one_newest"
            )
        ]

    def __str__(self) -> str:
        return f"secret of {self.endpoint_id}"


class Delivery(Leased):
    """One event for one endpoint. ``attempts`` count from when it was last made pending."""

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    state = models.CharField(max_length=16, choices=DeliveryState, default=DeliveryState.PENDING, editable=False)
    sequence = models.BigIntegerField(editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    settled_at = models.DateTimeField(null=True, editable=False)
    last_status = models.PositiveSmallIntegerField(null=True, editable=False)
    last_error = models.CharField(max_length=32, blank=True, default="", editable=False)

    class Meta:
        db_table = "webhook_deliveries"
        verbose_name_plural = "deliveries"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["event", "endpoint"], name="webhook_deliveries_once"),
            models.CheckConstraint(condition=models.Q(state__in=DeliveryState.values), name="webhook_deliveries_state"),
        ]
        indexes = [
            models.Index(fields=["endpoint", "id"], name="webhook_deliveries_endpoint"),
            models.Index(
                fields=["endpoint", "not_before"],
                name="webhook_deliveries_waiting",
                condition=models.Q(state="pending"),
            ),
            models.Index(fields=["endpoint"], name="webhook_deliveries_dead", condition=models.Q(state="dead")),
        ]

    def __str__(self) -> str:
        return f"delivery {self.id}"


class Attempt(models.Model):
    """One try: what was answered (``status``) or why nothing was (``error``), and the answer's beginning, sealed."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveSmallIntegerField(editable=False)
    at = models.DateTimeField(editable=False)
    duration_ms = models.PositiveIntegerField(editable=False)
    status = models.PositiveSmallIntegerField(null=True, editable=False)
    error = models.CharField(max_length=32, blank=True, editable=False)
    response = models.BinaryField(null=True, editable=False)

    class Meta:
        db_table = "webhook_attempts"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"try {self.number}: {self.error or self.status}"
