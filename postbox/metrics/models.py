"""What all processes have counted together, and when each kind of worker was last heard of.

Decides nothing; both tables have a few hundred rows at most, whatever the number of mails and processes.
"""

from __future__ import annotations

from django.db import models


class Sample(models.Model):
    """One series' sum since the table was made. ``labels``: their values as a JSON list, in the metric's order."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=80, editable=False)
    labels = models.CharField(max_length=400, editable=False)
    value = models.FloatField(editable=False)

    class Meta:
        db_table = "metric_samples"
        constraints = [models.UniqueConstraint(fields=["name", "labels"], name="metric_samples_once")]

    def __str__(self) -> str:
        return f"{self.name}{self.labels}"


class Heartbeat(models.Model):
    """When a kind of worker was last heard of, whichever of its processes it was."""

    name = models.CharField(primary_key=True, max_length=64, editable=False)
    at = models.DateTimeField(editable=False)

    class Meta:
        db_table = "heartbeats"

    def __str__(self) -> str:
        return self.name
