"""The one record of who must not be mailed again, and what it rests on.

Decides that there is one row per owner and address for how mail to it fared, and one for each reason not to write to
it. It never decides whether a mail goes (outbound asks ``reputation.suppressions``).
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower

from postbox.identity.models import Agent, Owner
from postbox.lib import clock
from postbox.lib.ids import uuid7


class SuppressionReason(models.TextChoices):
    HARD_BOUNCE = "hard_bounce", "Hard bounce"
    COMPLAINT = "complaint", "Spam complaint"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    MANUAL = "manual", "Added by hand"


class Suppression(models.Model):
    """An address that an owner's agents (or one of them) must not write to, until ``expires_at`` or for good."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="suppressions", db_index=False)
    agent = models.ForeignKey(
        Agent, null=True, blank=True, on_delete=models.CASCADE, related_name="suppressions", db_index=False
    )
    address = models.CharField(max_length=320)
    reason = models.CharField(max_length=16, choices=SuppressionReason, default=SuppressionReason.MANUAL)
    detail = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "outbound_suppressions"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "address", "agent"],
                name="outbound_suppressions_live",
                condition=models.Q(lifted_at=None),
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=models.Q(address=Lower("address")), name="outbound_suppressions_lower"),
            models.CheckConstraint(
                condition=models.Q(reason__in=SuppressionReason.values), name="outbound_suppressions_reason"
            ),
        ]
        indexes = [models.Index(fields=["owner", "-id"], name="outbound_suppressions_owner")]

    def __str__(self) -> str:
        return self.address


class EmailReputation(models.Model):
    """How an owner's mail to one address fared. ``blocked_until``: nothing goes there before then."""

    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="reputations", db_index=False)
    address = models.CharField(max_length=320, editable=False)
    sent = models.PositiveIntegerField(default=0, editable=False)
    hard_bounces = models.PositiveIntegerField(default=0, editable=False)
    soft_bounces = models.PositiveIntegerField(default=0, editable=False)
    complaints = models.PositiveIntegerField(default=0, editable=False)
    last_sent_at = models.DateTimeField(null=True, editable=False)
    last_bounce_at = models.DateTimeField(null=True, editable=False)
    last_bounce_type = models.CharField(max_length=32, blank=True, default="", editable=False)
    blocked_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "email_reputations"
        ordering = ["-id"]
        verbose_name = "recipient reputation"
        constraints = [
            models.UniqueConstraint(fields=["owner", "address"], name="email_reputations_once"),
            models.CheckConstraint(condition=models.Q(address=Lower("address")), name="email_reputations_lower"),
        ]

    def __str__(self) -> str:
        return self.address


class SenderDay(models.Model):
    """What one agent's mail came to on one day (UTC), counted in recipients."""

    id = models.BigAutoField(primary_key=True)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="sender_days", db_index=False)
    day = models.DateField(editable=False)
    sent = models.PositiveIntegerField(default=0, editable=False)
    delivered = models.PositiveIntegerField(default=0, editable=False)
    bounced = models.PositiveIntegerField(default=0, editable=False)
    complained = models.PositiveIntegerField(default=0, editable=False)
    failed = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        db_table = "sender_days"
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["agent", "day"], name="sender_days_once")]

    def __str__(self) -> str:
        return f"{self.agent} on {self.day}"
