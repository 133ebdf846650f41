"""Work over stored mail that somebody asked for: scoring it again, applying the rules to it again.

Decides how far such work has come, so that it goes on where a worker left it. It never holds what a mail says.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from postbox.events.models import Leased
from postbox.identity.models import Agent
from postbox.ingest.inbound.models import InboundEvent as InboundEvent
from postbox.lib import clock
from postbox.lib.ids import uuid7


class Again(models.TextChoices):
    RESCORE = "rescore", "Score again"
    REAPPLY = "reapply", "Apply rules again"


class Reexamination(Leased):
    """Mail to be looked at again, newest first: the messages ``ids``, or all that the filters name.

    ``before`` is the id below which the next batch begins, so a batch is repeated after a crash and none is left out.
    ``passed_over`` counts those that could not be looked at: erased, unreadable, not to be parsed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=16, choices=Again, editable=False)
    agent = models.ForeignKey(Agent, null=True, on_delete=models.CASCADE, related_name="+", editable=False)
    since = models.DateTimeField(null=True, editable=False)
    ids = ArrayField(models.UUIDField(), null=True, editable=False)
    before = models.UUIDField(editable=False)
    total = models.PositiveIntegerField(editable=False)
    done = models.PositiveIntegerField(default=0, editable=False)
    passed_over = models.PositiveIntegerField(default=0, editable=False)
    asked_by = models.CharField(max_length=120, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "reexaminations"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=Again.values), name="reexaminations_kind"),
        ]
        indexes = [
            models.Index(fields=["id"], name="reexaminations_open", condition=models.Q(finished_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.done} of {self.total}"


class RateBucket(models.Model):
    """How much mail of one sender, to one address or of all came in a window (postbox.ingest.limiting). UNLOGGED.

    ``key`` is a hash of what is counted and of the window; ``granted`` what the last debit gave.
    """

    key = models.BinaryField(primary_key=True, max_length=16, editable=False)
    used = models.IntegerField(editable=False)
    granted = models.IntegerField(editable=False)
    most = models.IntegerField(editable=False)
    ends = models.DateTimeField(editable=False)

    class Meta:
        db_table = "rate_buckets"
        indexes = [models.Index(fields=["ends"], name="rate_buckets_ends")]

    def __str__(self) -> str:
        return f"{self.used} of {self.most} until {self.ends}"


class RateAlarm(models.Model):
    """Since when limits are tight, if they are, and until when (postbox.ingest.limiting.alarm). One row."""

    only = models.BooleanField(primary_key=True, default=True, editable=False)
    since = models.DateTimeField(null=True, editable=False)
    until = models.DateTimeField(editable=False)

    class Meta:
        db_table = "rate_alarm"
        constraints = [models.CheckConstraint(condition=models.Q(only=True), name="rate_alarm_one")]

    def __str__(self) -> str:
        return f"tight until {self.until}" if self.since else "not tight"


class Bucket(models.Model):
    """Which bucket holds this database's raw mail: the id that lies in it (postbox.ingest.bucket). One row."""

    only = models.BooleanField(primary_key=True, default=True, editable=False)
    bucket_id = models.UUIDField(editable=False)

    class Meta:
        db_table = "mail_bucket"
        constraints = [models.CheckConstraint(condition=models.Q(only=True), name="mail_bucket_one")]

    def __str__(self) -> str:
        return str(self.bucket_id)
