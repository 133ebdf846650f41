"""Who is who: owners, their agents, the addresses that reach an agent, and the keys that let a program in.

Decides identity and its states; never what an agent may do with it (policies and gates do).
"""

from __future__ import annotations

import uuid

from django.contrib.postgres.functions import RandomUUID
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower

from postbox.identity.published.finding import State
from postbox.identity.published.records import Kind
from postbox.lib import clock
from postbox.lib.ids import uuid7


class AgentState(models.TextChoices):
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    KILLED = "killed", "Killed"


class AddressKind(models.TextChoices):
    PRIMARY = "primary", "Primary"
    ALIAS = "alias", "Alias"


class KeyKind(models.TextChoices):
    OWNER = "owner", "Owner"
    AGENT = "agent", "Agent"
    BRIDGE = "bridge", "Bridge"


class RecordState(models.TextChoices):
    """The states of a published record, as the database and the desk name them."""

    PENDING = State.PENDING.value, "Not checked yet"
    OK = State.OK.value, "OK"
    WRONG = State.WRONG.value, "Wrong"
    MISSING = State.MISSING.value, "Missing"
    UNKNOWN = State.UNKNOWN.value, "Unknown"


AGENT_NAME = RegexValidator(r"\A[a-z0-9._-]{1,64}\Z", "Use 1 to 64 of a-z, 0-9, dot, underscore and hyphen.")
# Words between single dots: what RFC 5321, section 4.1.2, takes without quotes, so that any MTA does.
LOCAL_PART = RegexValidator(
    r"\A[a-z0-9_](?:-*[a-z0-9_])*(?:\.[a-z0-9_](?:-*[a-z0-9_])*)*\Z",
    "Use a-z, 0-9, underscore, and between them hyphens and single dots.",
)
LOCAL_PART_LENGTH = 64


class Owner(models.Model):
    """The person or organisation who answers for a set of agents."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200, unique=True)
    email = models.EmailField(blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        db_table = "owners"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Agent(models.Model):
    """A program with mail of its own. ``name`` is the owner's text for it: the API's ``agent_id``."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="agents")
    name = models.CharField("agent id", max_length=64, validators=[AGENT_NAME])
    state = models.CharField(max_length=16, choices=AgentState, default=AgentState.ACTIVE)
    state_reason = models.CharField(max_length=500, blank=True)
    state_since = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        db_table = "agents"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="agents_owner_name"),
            models.CheckConstraint(condition=models.Q(state__in=AgentState.values), name="agents_state"),
        ]

    def __str__(self) -> str:
        return self.name


class AgentKey(models.Model):
    """The key that wraps the keys of an agent's mail, itself wrapped by the master key. Deleting it erases the mail."""

    agent = models.OneToOneField(Agent, primary_key=True, on_delete=models.CASCADE, related_name="data_key")
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        db_table = "agent_keys"

    def __str__(self) -> str:
        return f"data key of {self.agent_id}"


def _record_state() -> models.CharField[str, str]:
    return models.CharField(
        max_length=16, choices=RecordState, default=RecordState.PENDING, db_default=RecordState.PENDING, editable=False
    )


class Domain(models.Model):
    """A mail domain that an owner holds, and how its records stood in DNS when they were last looked at.

    ``findings`` maps a kind of record to ``{"found": […], "advice": "…"}``. ``verified_at`` is when the owner first
    proved to hold the domain; it stays when the record is taken away, which ``ownership_state`` then says. Other owners
    may claim it meanwhile (DomainClaim).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="domains")
    name = models.CharField(max_length=253)
    token = models.UUIDField(default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    catch_all = models.ForeignKey(
        "Address",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Takes what comes for local parts that nobody has.",
    )
    root_allowed = models.BooleanField(
        "agents on the root domain",
        default=False,
        db_default=False,
        help_text="Lets agents have addresses directly on an organisation's own domain.",
    )
    ownership_state = _record_state()
    mx_state = _record_state()
    spf_state = _record_state()
    dmarc_state = _record_state()
    dkim_state = models.CharField(max_length=16, choices=RecordState, null=True, editable=False)  # noqa: DJ001
    findings = models.JSONField(default=dict, db_default={}, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        db_table = "domains"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="domains_name"),
            models.CheckConstraint(
                condition=models.Q(
                    ownership_state__in=RecordState.values,
                    mx_state__in=RecordState.values,
                    spf_state__in=RecordState.values,
                    dmarc_state__in=RecordState.values,
                    dkim_state__in=RecordState.values,
                ),
                name="domains_states",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def states(self) -> dict[Kind, State]:
        """The state of each record; DKIM's is that of all its keys, and not there while the domain has none."""
        return {kind: State(state) for kind in Kind if (state := getattr(self, f"{kind}_state")) is not None}


class DkimKey(models.Model):
    """A key that signs a domain's mail (RFC 6376), or one agent's of it; ``private`` is PKCS #8, sealed.

    ``seen_at``: when DNS first had its record. ``retired_at``: when that was so of a newer key.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="dkim_keys", db_index=False)
    agent = models.ForeignKey(Agent, null=True, on_delete=models.CASCADE, related_name="dkim_keys")
    selector = models.CharField(max_length=63, editable=False)
    private = models.BinaryField(editable=False)
    public = models.CharField(max_length=1000, editable=False)
    state = _record_state()
    finding = models.JSONField(default=dict, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    seen_at = models.DateTimeField(null=True, editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "dkim_keys"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["domain", "selector"], name="dkim_keys_selector"),
            models.CheckConstraint(condition=models.Q(state__in=RecordState.values), name="dkim_keys_state"),
        ]

    def __str__(self) -> str:
        return self.selector


class DomainClaim(models.Model):
    """An owner's word that a domain is theirs which another owner holds, until it is proven or lost.

    ``token`` is what this owner publishes to prove it; ``found`` and ``advice`` are those of the last check.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="claims", editable=False)
    owner = models.ForeignKey(
        Owner, on_delete=models.CASCADE, related_name="domain_claims", db_index=False, editable=False
    )
    token = models.UUIDField(default=uuid.uuid4, editable=False)
    ownership_state = _record_state()
    found = models.JSONField(default=list, editable=False)
    advice = models.CharField(max_length=1000, blank=True, editable=False)
    checked_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        db_table = "domain_claims"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "domain"], name="domain_claims_once"),
            models.CheckConstraint(
                condition=models.Q(ownership_state__in=RecordState.values), name="domain_claims_state"
            ),
        ]

    def __str__(self) -> str:
        return f"claim on {self.domain}"


class Address(models.Model):
    """One address that reaches an agent; ``address`` is ``local@domain``, lower case, without a plus tag.

    ``ended_at``: its domain went to another owner. The row stays for the mail that it got; the address is free again.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="addresses")
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="addresses")
    address = models.CharField(max_length=254)
    kind = models.CharField(max_length=16, choices=AddressKind, default=AddressKind.PRIMARY)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "addresses"
        ordering = ["address"]
        verbose_name_plural = "addresses"
        constraints = [
            # One live row an address, and one index for those and the ended ones.
            models.UniqueConstraint(fields=["address", "ended_at"], nulls_distinct=False, name="addresses_live"),
            models.CheckConstraint(condition=models.Q(address=Lower("address")), name="addresses_lower"),
            models.CheckConstraint(condition=models.Q(kind__in=AddressKind.values), name="addresses_kind"),
        ]

    def __str__(self) -> str:
        return self.address


class ApiKey(models.Model):
    """A key that a program shows. Only its SHA-256 is kept: 256 random bits need no slow hash."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=16, choices=KeyKind)
    owner = models.ForeignKey(Owner, null=True, blank=True, on_delete=models.CASCADE, related_name="keys")
    agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.CASCADE, related_name="keys")
    name = models.CharField(max_length=200, blank=True)
    hint = models.CharField(max_length=16, editable=False, help_text="The key's first characters.")
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "api_keys"
        ordering = ["-created_at"]
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=KeyKind.values), name="api_keys_kind"),
            models.CheckConstraint(
                condition=models.Q(kind=KeyKind.AGENT, agent__isnull=False)
                | models.Q(kind=KeyKind.OWNER, owner__isnull=False, agent__isnull=True)
                | models.Q(kind=KeyKind.BRIDGE, agent__isnull=True),
                name="api_keys_holder",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hint}…"
