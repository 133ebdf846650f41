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

# From so many mails on a domain writes often, so that others might imitate it.
OFTEN = 10


class Fingerprint(models.Model):
    """A keyed hash of what a mail says, and the campaign that it leads to (postbox.screening.fingerprints)."""

    key = models.UUIDField(primary_key=True, editable=False)
    campaign_id = models.UUIDField(editable=False)
    seen_at = models.DateTimeField(editable=False)

    class Meta:
        db_table = "fingerprints"
        indexes = [models.Index(fields=["seen_at"], name="fingerprints_seen")]

    def __str__(self) -> str:
        return f"{self.key} of {self.campaign_id}"


class Campaign(models.Model):
    """Mails that say the same, or nearly, from anybody to anybody; from the second on. ``id``: the first mail's."""

    id = models.UUIDField(primary_key=True, editable=False)
    mails = models.PositiveIntegerField(editable=False)
    addresses = models.PositiveIntegerField(editable=False)
    last_seen = models.DateTimeField(editable=False)
    last_message_id = models.UUIDField(editable=False)

    class Meta:
        db_table = "campaigns"
        ordering = ["-id"]
        indexes = [models.Index(fields=["last_seen"], name="campaigns_seen")]

    def __str__(self) -> str:
        return f"{self.mails} mails to {self.addresses} {'address' if self.addresses == 1 else 'addresses'}"


class CampaignAddress(models.Model):
    """An address that mail of a campaign reached."""

    pk = models.CompositePrimaryKey("campaign_id", "address_id")
    campaign_id = models.UUIDField(editable=False)
    address_id = models.UUIDField(editable=False)

    class Meta:
        db_table = "campaign_addresses"

    def __str__(self) -> str:
        return f"{self.address_id} of {self.campaign_id}"


class Correspondent(models.Model):
    """A domain that writes to an owner: since when, and how often, counted until it is known well."""

    pk = models.CompositePrimaryKey("owner_id", "domain")
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="correspondents", db_index=False)
    domain = models.CharField(max_length=253, editable=False)
    mails = models.PositiveIntegerField(editable=False)
    first_seen = models.DateTimeField(editable=False)
    last_seen = models.DateTimeField(editable=False)

    class Meta:
        db_table = "correspondents"
        indexes = [
            models.Index(fields=["last_seen"], name="correspondents_seen"),
            models.Index(fields=["owner", "-last_seen"], name="correspondents_often", condition=Q(mails__gte=OFTEN)),
        ]

    def __str__(self) -> str:
        return self.domain


class SenderBaseline(models.Model):
    """What is usual of a sender's mail to an agent, or, without a sender, of all that the agent gets."""

    pk = models.CompositePrimaryKey("agent_id", "sender")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="baselines", db_index=False)
    sender = models.CharField(max_length=320, blank=True, editable=False)
    mails = models.IntegerField(editable=False)
    attached = models.IntegerField(editable=False)
    sizes = ArrayField(models.IntegerField(), editable=False)
    hours = ArrayField(models.SmallIntegerField(), editable=False)
    days = ArrayField(models.IntegerField(), editable=False)
    today = models.IntegerField(editable=False)
    day = models.DateField(editable=False)
    reply_to = models.CharField(max_length=16, blank=True, editable=False)

    class Meta:
        db_table = "baselines"
        indexes = [models.Index(fields=["day"], name="baselines_day")]

    def __str__(self) -> str:
        return self.sender or str(self.agent)


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
