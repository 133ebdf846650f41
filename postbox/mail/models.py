"""Stored mail: the row that stands for a mail, its sealed content, its attachments and its verdicts.

Decides a message's states and which way they may go. It never decides *why* (screening and rules do) and never sends.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from postbox.events.models import Leased
from postbox.identity.models import Address, Agent
from postbox.lib import clock
from postbox.lib.ids import uuid7


class Direction(models.TextChoices):
    INBOUND = "inbound", "Inbound"
    OUTBOUND = "outbound", "Outbound"


class Status(models.TextChoices):
    RECEIVED = "received", "Received"
    PROCESSED = "processed", "Processed"
    QUARANTINED = "quarantined", "Quarantined"
    REFUSED = "refused", "Refused"
    # Of mail that an agent sends (postbox.mail stores it, outbound moves it).
    QUEUED = "queued", "Queued"
    HELD = "held", "Held"
    SENDING = "sending", "Sending"
    ACCEPTED = "accepted", "Accepted"
    FAILED = "failed", "Failed"
    # Its worker died between handing it over and writing down the answer: it is not sent again by itself.
    UNKNOWN = "unknown", "Unknown"


INBOUND_STATES = (Status.RECEIVED, Status.PROCESSED, Status.QUARANTINED, Status.REFUSED)
OUTBOUND_STATES = (Status.QUEUED, Status.HELD, Status.SENDING, Status.ACCEPTED, Status.FAILED, Status.UNKNOWN)

# From each state, the states that may follow. What is not here raises IllegalTransition.
TRANSITIONS: dict[str, frozenset[str]] = {
    Status.RECEIVED: frozenset({Status.PROCESSED, Status.QUARANTINED, Status.REFUSED}),
    # Refused: dropped by a rule of its agent that was applied to stored mail.
    Status.PROCESSED: frozenset({Status.QUARANTINED, Status.REFUSED}),
    Status.QUARANTINED: frozenset({Status.PROCESSED, Status.REFUSED}),
    Status.REFUSED: frozenset(),
}
# The same for mail that an agent sends.
OUTBOUND_TRANSITIONS: dict[str, frozenset[str]] = {
    Status.QUEUED: frozenset({Status.SENDING, Status.HELD, Status.FAILED}),
    Status.HELD: frozenset({Status.QUEUED, Status.FAILED}),
    # Back to queued: a temporary failure, which is known to have left no copy.
    Status.SENDING: frozenset({Status.QUEUED, Status.ACCEPTED, Status.FAILED, Status.UNKNOWN}),
    # What a provider's event or a person settles.
    Status.UNKNOWN: frozenset({Status.QUEUED, Status.ACCEPTED, Status.FAILED}),
    Status.ACCEPTED: frozenset(),
    Status.FAILED: frozenset(),
}


class IllegalTransition(Exception):
    """A message was to go from one state to another that may not follow it."""


def check_transition(before: str, after: str) -> None:
    """Raise IllegalTransition unless ``after`` may follow ``before``."""
    if after not in TRANSITIONS.get(before, frozenset()):
        raise IllegalTransition(f"a message that is {before} cannot become {after}")


class Outcome(models.TextChoices):
    PASS = "pass", "Pass"
    FLAG = "flag", "Flag"
    QUARANTINE = "quarantine", "Quarantine"
    HOLD = "hold", "Hold"
    REFUSE = "refuse", "Refuse"
    ERROR = "error", "Error"
    SKIP = "skip", "Skipped"


class AuthResult(models.TextChoices):
    """The words of RFC 8601, section 2.7."""

    NONE = "none"
    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class Message(Leased):
    """One mail for one recipient. In the clear: ids, addresses, times, sizes, states, scores; all else is sealed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    direction = models.CharField(max_length=8, choices=Direction, default=Direction.INBOUND, editable=False)
    status = models.CharField(max_length=16, choices=Status, default=Status.RECEIVED, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="messages", db_index=False)
    address = models.ForeignKey(
        Address, null=True, on_delete=models.PROTECT, related_name="messages", db_index=False, editable=False
    )
    thread_id = models.UUIDField(null=True, editable=False)
    mail_from = models.CharField(max_length=320, blank=True, editable=False)
    rcpt_to = models.CharField(max_length=320, editable=False)
    header_from = models.CharField("from", max_length=320, blank=True, editable=False)
    client_ip = models.GenericIPAddressField(null=True, editable=False)
    helo = models.CharField(max_length=255, blank=True, editable=False)
    size = models.PositiveIntegerField(editable=False)
    digest = models.BinaryField(max_length=32, editable=False)
    received_at = models.DateTimeField(default=clock.now, editable=False)
    processed_at = models.DateTimeField(null=True, editable=False)
    read_at = models.DateTimeField(null=True, editable=False)
    injection_score = models.FloatField(null=True, editable=False)
    quarantined = models.BooleanField(default=False, editable=False)
    spf = models.CharField(max_length=10, choices=AuthResult, default=AuthResult.NONE, editable=False)
    dkim = models.CharField(max_length=10, choices=AuthResult, default=AuthResult.NONE, editable=False)
    dmarc = models.CharField(max_length=10, choices=AuthResult, default=AuthResult.NONE, editable=False)
    arc = models.CharField(
        max_length=10, choices=AuthResult, default=AuthResult.NONE, db_default=AuthResult.NONE, editable=False
    )
    # The author's domain where it was vouched for.
    aligned_domain = models.CharField(max_length=253, blank=True, default="", db_default="", editable=False)
    # The TLS version and cipher by which it came, as the door or the MTA before it says.
    tls = models.CharField("TLS", max_length=64, blank=True, default="", db_default="", editable=False)
    # How often it was given back because DNS had not answered yet (postbox.screening.auth.asking).
    waits = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    body_ref = models.CharField(max_length=200, blank=True, editable=False)
    # Where its agent's rules put it. The names are the agent's, not the mail's, so they are in the clear.
    folder = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    labels = ArrayField(models.CharField(max_length=64), null=True, editable=False)
    # The operator whose word on its state stands: judging it again never changes the state of such a message.
    decided_by = models.CharField(max_length=120, blank=True, default="", db_default="", editable=False)

    class Meta:
        db_table = "messages"
        ordering = ["-id"]
        # What came over the wire may hold more than any page shows, and files that harm: not everybody's to take out.
        permissions = [("download_raw", "Can download raw mail")]
        constraints = [
            # Never on Message-ID alone: two different mails may share one, and a forger may choose it.
            models.UniqueConstraint(fields=["rcpt_to", "digest"], name="messages_once"),
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="messages_status"),
            models.CheckConstraint(condition=models.Q(direction__in=Direction.values), name="messages_direction"),
            models.CheckConstraint(
                condition=models.Q(injection_score__isnull=True)
                | models.Q(injection_score__gte=0, injection_score__lte=1),
                name="messages_score",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="messages_waiting", condition=models.Q(status="received")),
            # What was given back for want of an answer, which else would be looked for among all that waits.
            models.Index(fields=["id"], name="messages_waited", condition=models.Q(status="received", waits__gt=0)),
            models.Index(fields=["agent", "-id"], name="messages_agent"),
            models.Index(
                fields=["agent", "-id"],
                name="messages_unread",
                condition=models.Q(read_at__isnull=True, status="processed"),
            ),
            # With the score, so that a thread's highest is the index's last entry for it, however long the thread is.
            models.Index(
                fields=["thread_id", "injection_score"],
                name="messages_thread_taint",
                condition=models.Q(thread_id__isnull=False),
            ),
            models.Index(fields=["agent", "folder", "-id"], name="messages_folder", condition=~models.Q(folder="")),
            models.Index(fields=["agent", "-id"], name="messages_labelled", condition=models.Q(labels__isnull=False)),
        ]

    def __str__(self) -> str:
        # What was sent has a return path that says nothing to a reader.
        sender = self.header_from if self.direction == Direction.OUTBOUND else self.mail_from
        return f"{sender or '<>'} to {self.rcpt_to}"


class ThreadKey(models.Model):
    """A name of a conversation (a Message-ID, a subject with a participant), as a keyed hash, and its thread."""

    key = models.UUIDField(primary_key=True, editable=False)
    thread_id = models.UUIDField(editable=False)
    seen_at = models.DateTimeField(editable=False)

    class Meta:
        db_table = "thread_keys"
        indexes = [BrinIndex(fields=["seen_at"], name="thread_keys_seen")]

    def __str__(self) -> str:
        return f"{self.key} of {self.thread_id}"


class MessageKey(models.Model):
    """A mail's own key, wrapped by its agent's. In the schema postbox_keys, which is backed up apart."""

    message_id = models.UUIDField(primary_key=True, editable=False)
    wrapped = models.BinaryField(editable=False)

    class Meta:
        db_table = "message_keys"

    def __str__(self) -> str:
        return f"key of {self.message_id}"


class SpooledMail(models.Model):
    """The sealed raw mail until its bucket has it (postbox.ingest.spool)."""

    # Without a constraint in the database, here and below: checking each row cost as much as writing it. What belongs
    # to a message is written in a statement or transaction that holds its row, and deleted in one that does.
    message = models.OneToOneField(
        Message, primary_key=True, on_delete=models.CASCADE, related_name="spooled", db_constraint=False
    )
    body = models.BinaryField(editable=False)
    not_before = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        db_table = "mail_spool"
        indexes = [models.Index(fields=["not_before"], name="mail_spool_due")]

    def __str__(self) -> str:
        return f"raw mail of {self.message_id}"


class MessageContent(models.Model):
    """What a message says, sealed as one JSON object (postbox.mail.content gives its shape)."""

    message = models.OneToOneField(
        Message, primary_key=True, on_delete=models.CASCADE, related_name="content", db_constraint=False
    )
    body = models.BinaryField(editable=False)

    class Meta:
        db_table = "message_contents"

    def __str__(self) -> str:
        return f"content of {self.message_id}"


class Attachment(models.Model):
    """An attachment as listed; its name is in the sealed content, its octets in the raw mail at ``position``."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="attachments", db_index=False, db_constraint=False
    )
    position = models.PositiveSmallIntegerField(editable=False)
    content_type = models.CharField(max_length=127, editable=False)
    size = models.PositiveIntegerField(editable=False)

    class Meta:
        db_table = "attachments"
        constraints = [models.UniqueConstraint(fields=["message", "position"], name="attachments_position")]

    def __str__(self) -> str:
        return f"{self.content_type}, {self.size} octets"


class StepVerdict(models.Model):
    """What one step found: ``outcome`` and ``code`` in the clear, its words in the sealed content."""

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="verdicts", db_index=False, db_constraint=False
    )
    position = models.PositiveSmallIntegerField(editable=False)
    step = models.CharField(max_length=32, editable=False)
    outcome = models.CharField(max_length=16, choices=Outcome, editable=False)
    code = models.CharField(max_length=64, editable=False)

    class Meta:
        db_table = "verdicts"
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["message", "position"], name="verdicts_position")]

    def __str__(self) -> str:
        return f"{self.step}: {self.code}"
