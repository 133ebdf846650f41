"""An agent's own rules over its inbound mail.

Decides how a rule is kept; never what it means (postbox.rules.language) nor when it is applied (postbox.rules.step).
A rule is the agent's text, not a mail's, so it is in the clear.
"""

from __future__ import annotations

from django.db import models

from postbox.identity.models import Agent
from postbox.lib import clock
from postbox.lib.ids import uuid7


class InboundRule(models.Model):
    """Mail that fits ``match`` gets ``actions``; lower ``priority`` first, and of equals the older rule.

    ``version`` rises with every change, so that a worker knows whether what it compiled is still the rule.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="rules", db_index=False)
    name = models.CharField(max_length=100)
    match = models.JSONField()
    actions = models.JSONField()
    priority = models.IntegerField(default=100)
    enabled = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    hits = models.PositiveBigIntegerField(default=0, editable=False)
    last_hit_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        db_table = "inbound_rules"
        ordering = ["priority", "id"]
        constraints = [models.UniqueConstraint(fields=["agent", "name"], name="inbound_rules_name")]

    def __str__(self) -> str:
        return self.name
