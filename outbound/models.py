"""Mail that agents send: the queue, a row per recipient, quotas, and what makes a request safe to repeat.

Decides the states of a recipient and what of a sending is in the clear: ids, addresses, states, codes, times and keyed
hashes of the text. The message itself is a row of postbox.mail, sealed as every other. It never decides whether a mail
may go (outbound.gates do) and never sends one.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower

from postbox.events.models import Leased
from postbox.identity.models import Agent, Owner
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail.models import OUTBOUND_STATES, Message, Status


class Origin(models.TextChoices):
    """Who asked for a mail: the agent itself, or one of its rules."""

    AGENT = "agent", "Agent"
    FORWARD = "forward", "Forwarded by a rule"
    AUTO_REPLY = "auto_reply", "Answered by a rule"
    NOTICE = "notice", "Notice to a person"


class Outgoing(Leased):
    """A message on its way out. ``state`` is the message's own, here where the queue is looked for.

    ``not_before`` holds back what is to be sent later and what is tried again. ``fingerprint`` and ``similarity`` are
    keyed hashes of the normalised text (outbound.sameness); ``is_automatic``: no person or agent wrote it for this one
    recipient, so nobody should answer it automatically (RFC 3834).
    """

    message = models.OneToOneField(Message, primary_key=True, on_delete=models.CASCADE, related_name="outgoing")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="outgoing", db_index=False)
    state = models.CharField(max_length=16, choices=[(s.value, s.label) for s in OUTBOUND_STATES], editable=False)
    origin = models.CharField(max_length=16, choices=Origin, default=Origin.AGENT, editable=False)
    code = models.CharField(max_length=64, blank=True, default="", editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    due_since = models.DateTimeField(null=True, editable=False)
    handed_at = models.DateTimeField(null=True, editable=False)
    settled_at = models.DateTimeField(null=True, editable=False)
    fingerprint = models.BinaryField(max_length=32, editable=False)
    similarity = models.BigIntegerField(default=0, editable=False)
    thread_id = models.UUIDField(null=True, editable=False)
    is_automatic = models.BooleanField(default=False, editable=False)
    is_answer = models.BooleanField(default=False, editable=False)
    transport = models.CharField(max_length=32, blank=True, default="", editable=False)
    provider_id = models.CharField(max_length=255, blank=True, default="", editable=False)

    class Meta:
        db_table = "outbound_messages"
        verbose_name = "sent message"
        ordering = ["-message_id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in OUTBOUND_STATES]), name="outbound_messages_state"
            ),
            models.CheckConstraint(condition=models.Q(origin__in=Origin.values), name="outbound_messages_origin"),
        ]
        indexes = [
            models.Index(
                fields=["not_before"], name="outbound_messages_due", condition=models.Q(state=Status.QUEUED.value)
            ),
            # Not the end of the lease: no index holds what a claim changes.
            models.Index(
                fields=["message"],
                name="outbound_messages_handed",
                condition=models.Q(state=Status.SENDING.value),
            ),
            models.Index(
                fields=["agent", "-message"],
                name="outbound_messages_open",
                condition=models.Q(state__in=[Status.QUEUED.value, Status.HELD.value, Status.UNKNOWN.value]),
            ),
            models.Index(fields=["agent", "-created_at"], name="outbound_messages_agent"),
            models.Index(
                fields=["thread_id", "-created_at"],
                name="outbound_messages_thread",
                condition=models.Q(thread_id__isnull=False),
            ),
            models.Index(
                fields=["provider_id"], name="outbound_messages_provider", condition=~models.Q(provider_id="")
            ),
        ]

    def __str__(self) -> str:
        return f"sent message {self.message_id}"


class Role(models.TextChoices):
    TO = "to", "To"
    CC = "cc", "Cc"
    BCC = "bcc", "Bcc"


class RecipientState(models.TextChoices):
    QUEUED = "queued", "Queued"
    ACCEPTED = "accepted", "Accepted by the next server"
    DELIVERED = "delivered", "Delivered"
    BOUNCED = "bounced", "Bounced"
    COMPLAINED = "complained", "Complained"
    FAILED = "failed", "Failed"
    SUPPRESSED = "suppressed", "Suppressed"
    UNKNOWN = "unknown", "Unknown"


class OutboundRecipient(models.Model):
    """One address of a message: what became of it, and the bounce that came back, whatever state it was in."""

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(Outgoing, on_delete=models.CASCADE, related_name="recipients", db_index=False)
    address = models.CharField(max_length=320, editable=False)
    role = models.CharField(max_length=4, choices=Role, editable=False)
    state = models.CharField(max_length=16, choices=RecipientState, default=RecipientState.QUEUED, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    last_code = models.CharField(max_length=32, blank=True, default="", editable=False)
    last_detail = models.CharField(max_length=500, blank=True, default="", editable=False)
    changed_at = models.DateTimeField(default=clock.now, editable=False)
    bounced_at = models.DateTimeField(null=True, editable=False)
    bounce_type = models.CharField(max_length=32, blank=True, default="", editable=False)
    bounce_detail = models.CharField(max_length=500, blank=True, default="", editable=False)

    class Meta:
        db_table = "outbound_recipients"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["message", "address"], name="outbound_recipients_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=RecipientState.values), name="outbound_recipients_state"
            ),
        ]
        indexes = [
            models.Index(fields=["address", "-id"], name="outbound_recipients_address"),
            # An agent's mails to one counterpart, of late: ids are in the order of time.
            models.Index(Lower("address"), "message", name="outbound_recipients_lately"),
        ]

    def __str__(self) -> str:
        return self.address


class ReportKind(models.TextChoices):
    BOUNCE = "bounce", "Bounce"
    COMPLAINT = "complaint", "Complaint"
    DELIVERED = "delivered", "Delivered"


class ReportState(models.TextChoices):
    MATCHED = "matched", "Matched"
    WAITING = "waiting", "Waiting for its message"
    UNMATCHED = "unmatched", "Of no message here"


class DeliveryReport(models.Model):
    """What a provider, a server or a mail said of one recipient, kept once, and which recipient it was found to be of.

    ``key`` is the keyed hash of what tells one report from another, so that a provider's retry changes nothing twice.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.CharField(max_length=32, editable=False)
    key = models.BinaryField(max_length=32, unique=True, editable=False)
    kind = models.CharField(max_length=16, choices=ReportKind, editable=False)
    bounce_type = models.CharField(max_length=32, blank=True, editable=False)
    is_hard = models.BooleanField(default=False, editable=False)
    detail = models.CharField(max_length=500, blank=True, editable=False)
    message_id = models.UUIDField(null=True, editable=False)
    provider_id = models.CharField(max_length=255, blank=True, editable=False)
    address = models.CharField(max_length=320, blank=True, editable=False)
    at = models.DateTimeField(editable=False)
    received_at = models.DateTimeField(default=clock.now, editable=False)
    state = models.CharField(max_length=16, choices=ReportState, default=ReportState.WAITING, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    not_before = models.DateTimeField(default=clock.now, editable=False)
    recipient = models.ForeignKey(
        OutboundRecipient, null=True, on_delete=models.SET_NULL, related_name="reports", editable=False
    )

    class Meta:
        db_table = "delivery_reports"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=ReportKind.values), name="delivery_reports_kind"),
            models.CheckConstraint(condition=models.Q(state__in=ReportState.values), name="delivery_reports_state"),
        ]
        indexes = [
            models.Index(
                fields=["not_before"],
                name="delivery_reports_waiting",
                condition=models.Q(state=ReportState.WAITING.value),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.address or self.message_id}"


class Window(models.TextChoices):
    HOUR = "hour", "Hour"
    DAY = "day", "Day"


class QuotaScope(models.TextChoices):
    AGENT = "agent", "Agent"
    OWNER = "owner", "Owner"
    SYSTEM = "system", "System"


class SendQuota(models.Model):
    """How many recipients may be written to in a window, and how many were. ``used`` counts from ``period``.

    Without a ``limit`` the setting's applies. An owner's and the system's are spent in blocks: their ``used`` is what
    was handed out to the ``QuotaBlock`` rows.
    """

    id = models.BigAutoField(primary_key=True)
    scope = models.CharField(max_length=8, choices=QuotaScope)
    agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.CASCADE, related_name="quotas")
    owner = models.ForeignKey(Owner, null=True, blank=True, on_delete=models.CASCADE, related_name="quotas")
    window = models.CharField(max_length=8, choices=Window)
    limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="Recipients in a window; empty: what the settings say, 0: none at all."
    )
    used = models.PositiveIntegerField(default=0, editable=False)
    period = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "send_quotas"
        ordering = ["scope", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scope="agent", agent__isnull=False, owner__isnull=True)
                | models.Q(scope="owner", agent__isnull=True, owner__isnull=False)
                | models.Q(scope="system", agent__isnull=True, owner__isnull=True),
                name="send_quotas_subject",
            ),
            models.CheckConstraint(condition=models.Q(window__in=Window.values), name="send_quotas_window"),
            models.UniqueConstraint(
                fields=["scope", "agent", "owner", "window"], name="send_quotas_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} quota per {self.window}"


class QuotaBlock(models.Model):
    """A block of the system's quota, spent by those whose agent falls on this shard, so that one row is not a queue."""

    quota = models.ForeignKey(SendQuota, on_delete=models.CASCADE, related_name="blocks", db_index=False)
    shard = models.PositiveSmallIntegerField()
    period = models.DateTimeField(null=True, editable=False)
    left = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        db_table = "send_quota_blocks"
        constraints = [models.UniqueConstraint(fields=["quota", "shard"], name="send_quota_blocks_once")]

    def __str__(self) -> str:
        return f"block {self.shard} of quota {self.quota_id}"


class Repeat(models.Model):
    """An ``Idempotency-Key`` that was answered: the same request gets the same answer for a day.

    ``key`` and ``body`` are keyed hashes; the answer is made from the message it led to.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.BinaryField(max_length=32, editable=False)
    body = models.BinaryField(max_length=32, editable=False)
    answer = models.JSONField(editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        db_table = "idempotency_keys"
        constraints = [models.UniqueConstraint(fields=["agent", "key"], name="idempotency_keys_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_keys_age")]

    def __str__(self) -> str:
        return f"idempotency key {self.id}"
