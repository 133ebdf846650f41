"""What retention writes down: its runs, the blobs that are still to go, and what it must not touch.

Decides the shape of these rows. They hold ids and counts and nothing of a mail.
"""

from __future__ import annotations

from django.db import models

from postbox.identity.models import Agent
from postbox.lib import clock
from postbox.lib.ids import uuid7


class Run(models.Model):
    """One reaping up to ``cutoff``, worked off a slice at a time; ``position`` is the last message looked at."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    days = models.PositiveIntegerField(editable=False)
    cutoff = models.DateTimeField(editable=False)
    started_at = models.DateTimeField(default=clock.now, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)
    not_before = models.DateTimeField(default=clock.now, editable=False)
    position = models.UUIDField(null=True, editable=False)
    counts = models.JSONField(default=dict, editable=False)

    class Meta:
        db_table = "retention_runs"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=models.Q(finished_at=None), name="retention_runs_one_unfinished"
            )
        ]

    def __str__(self) -> str:
        return f"run of {self.started_at:%Y-%m-%d}"


class ReapedMessage(models.Model):
    """A message whose rows are gone and whose blob may still be there: written with the one, deleted after the other.

    Without a ``body_ref`` the mail never left the spool, and only a mover that died can have left a blob.
    """

    message_id = models.UUIDField(primary_key=True, editable=False)
    body_ref = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        db_table = "retention_reaped"

    def __str__(self) -> str:
        return f"blob of {self.message_id}"


class LegalHold(models.Model):
    """A reason for which nothing of an agent, or one message, expires until the hold is lifted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="legal_holds")
    message_id = models.UUIDField(null=True, blank=True, unique=True)
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        db_table = "legal_holds"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(agent__isnull=False, message_id__isnull=True)
                | models.Q(agent__isnull=True, message_id__isnull=False),
                name="legal_holds_one_subject",
                violation_error_message="Hold either an agent or a message.",
            )
        ]

    def __str__(self) -> str:
        return f"hold on agent {self.agent}" if self.agent_id else f"hold on message {self.message_id}"
