"""What an owner lets in: policies for all that is theirs, a domain, an agent or one address.

Decides how a policy is kept; never what it comes to for a mail (postbox.screening.policy) nor what a mail is
(the steps). A policy is the owner's text, not a mail's, so it is in the clear.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from postbox.identity.models import Address, Agent, Domain, Owner
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.screening.policy import Auth, Mode, Strangers


class Policy(models.Model):
    """One level's word. Null is "as the level above says"; at most one of domain, agent and address is set.

    ``allow`` and ``block`` hold addresses, domains and ``*.domain``; ``checks`` the settings of single checks, under
    the names of ``postbox.screening.policy.Checks``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="policies", db_index=False)
    domain = models.ForeignKey(Domain, null=True, blank=True, on_delete=models.CASCADE, related_name="policies")
    agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.CASCADE, related_name="policies")
    address = models.ForeignKey(Address, null=True, blank=True, on_delete=models.CASCADE, related_name="policies")
    auth = models.CharField(max_length=16, choices=Auth, null=True, blank=True)  # noqa: DJ001
    mode = models.CharField(max_length=16, choices=Mode, null=True, blank=True)  # noqa: DJ001
    strangers = models.CharField(max_length=16, choices=Strangers, null=True, blank=True)  # noqa: DJ001
    allow = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    block = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    checks = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        db_table = "policies"
        ordering = ["owner", "id"]
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "domain", "agent", "address"], nulls_distinct=False, name="policies_once"
            ),
            models.CheckConstraint(
                condition=Q(domain__isnull=True, agent__isnull=True)
                | Q(domain__isnull=True, address__isnull=True)
                | Q(agent__isnull=True, address__isnull=True),
                name="policies_level",
            ),
            models.CheckConstraint(
                condition=(Q(auth__isnull=True) | Q(auth__in=Auth.values))
                & (Q(mode__isnull=True) | Q(mode__in=Mode.values))
                & (Q(strangers__isnull=True) | Q(strangers__in=Strangers.values)),
                name="policies_words",
            ),
        ]

    def __str__(self) -> str:
        return str(self.address or self.agent or self.domain or self.owner)
