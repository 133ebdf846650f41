"""The transactional outbox: what happened, written in the transaction in which it happened.

Decides the kinds of events and how a consumer's copy waits; never what a consumer does with it.
"""

from __future__ import annotations

from django.db import models

from postbox.lib import clock
from postbox.lib.ids import uuid7


class EventKind(models.TextChoices):
    MESSAGE_RECEIVED = "message.received"
    MESSAGE_QUARANTINED = "message.quarantined"
    MESSAGE_QUEUED = "message.queued"
    MESSAGE_HELD = "message.held"
    MESSAGE_SENT = "message.sent"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_BOUNCED = "message.bounced"
    MESSAGE_COMPLAINED = "message.complained"
    MESSAGE_FAILED = "message.failed"
    AGENT_PAUSED = "agent.paused"
    AGENT_KILLED = "agent.killed"
    AGENT_RESUMED = "agent.resumed"
    ENDPOINT_DISABLED = "endpoint.disabled"
    PING = "ping"
    # Asked for by an agent's rule; for outbound alone, which no webhook hears of.
    RULE_FORWARD = "rule.forward"
    RULE_AUTO_REPLY = "rule.auto_reply"
    # A mail that may report what became of one of ours, or asks for no more of them; for outbound alone, too.
    BOUNCE_RECEIVED = "bounce.received"


class Leased(models.Model):
    """A row that workers claim: due from ``not_before``, held until ``leased_until``, settled only by its token.

    ``attempts`` counts claims, so a row that keeps killing its worker is found out (postbox.events.leases).
    """

    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    not_before = models.DateTimeField(default=clock.now, editable=False)
    lease_token = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True


class Event(models.Model):
    """Something that happened. ``body`` is the JSON that consumers are given, sealed once.

    Its key is the message's where there is one, else the agent's; part name ``event``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=32, choices=EventKind)
    agent_id = models.UUIDField(editable=False)
    message_id = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    body = models.BinaryField(editable=False)

    class Meta:
        db_table = "events"
        indexes = [
            models.Index(fields=["agent_id", "created_at"], name="events_agent_time"),
            models.Index(fields=["message_id"], name="events_message", condition=models.Q(message_id__isnull=False)),
        ]
        constraints = [models.CheckConstraint(condition=models.Q(kind__in=EventKind.values), name="events_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class EventCopy(models.Model):
    """One consumer's copy of an event, deleted when the consumer has taken it, so a late commit is never skipped."""

    id = models.BigAutoField(primary_key=True)
    consumer = models.CharField(max_length=32)
    # Without a constraint in the database: copies are written with their event, and deleted before it.
    event = models.ForeignKey(
        Event, on_delete=models.CASCADE, db_index=False, db_constraint=False, related_name="copies"
    )

    class Meta:
        db_table = "event_copies"
        verbose_name_plural = "event copies"
        constraints = [models.UniqueConstraint(fields=["event", "consumer"], name="event_copies_once")]
        indexes = [models.Index(fields=["consumer", "id"], name="event_copies_waiting")]

    def __str__(self) -> str:
        return f"{self.consumer} {self.event_id}"


class Wakeup(models.Model):
    """Whether a wake-up for a kind of work is on its way, so that no second one is sent (postbox.events.wakeups)."""

    work = models.CharField(primary_key=True, max_length=32)
    waiting_since = models.DateTimeField(null=True)

    class Meta:
        db_table = "wakeups"

    def __str__(self) -> str:
        return self.work
