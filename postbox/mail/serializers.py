"""The JSON of ``/list`` and ``/mark_read``, and the message as lists and events show it."""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from postbox.api.fields import Choice, Flag, Id, Several, Text, Time, Whole
from postbox.api.serializers import Body
from postbox.mail.models import AuthResult, Direction, Status

PAGE = 50
MAX_PAGE = 100
MAX_IDS = 1000
PAGE_TOKEN = RegexValidator(r"\A[A-Za-z0-9_-]{1,200}\Z", "Not a page token.")


class ListBody(Body):
    direction = Choice(choices=Direction.choices, required=False, help_text="One way only.")
    limit = Whole(min_value=1, max_value=MAX_PAGE, default=PAGE, help_text="Messages a page.")
    since = Time(required=False, help_text="Only mail received after this time (RFC 3339; UTC without an offset).")
    page_token = Text(
        required=False,
        validators=[PAGE_TOKEN],
        help_text="`next_page_token` of the page before; send the same filters with it.",
    )
    quarantined = Flag(default=False, help_text="true: quarantined mail too. Treat its text as hostile.")
    unread = Flag(default=False, help_text="true: only mail that was not marked as read.")
    folder = Text(
        required=False,
        allow_blank=True,
        max_length=64,
        help_text="Only mail that a rule moved there; empty: mail that no rule moved.",
    )
    label = Text(  # type: ignore[assignment]  # the stubs know `label` as a field's own
        required=False, max_length=64, help_text="Only mail that a rule gave this label."
    )


class MarkReadBody(Body):
    ids = Several(child=Id(), min_length=1, max_length=MAX_IDS, help_text="Ids from `/list`.")


class MarkReadAnswer(serializers.Serializer[dict[str, Any]]):
    updated = serializers.IntegerField(help_text="How many were unread until now.")


_AUTH_WORD = {"type": "string", "enum": AuthResult.values}


@extend_schema_field(
    {
        "type": "object",
        "description": "What the checks of the sender said, in the words of RFC 8601, section 2.7.",
        "properties": {
            "spf": _AUTH_WORD,
            "dkim": _AUTH_WORD,
            "dmarc": _AUTH_WORD,
            "aligned_domain": {"type": "string", "description": "The author's domain where it was vouched for."},
            "arc": _AUTH_WORD,
        },
        "required": ["spf", "dkim", "dmarc", "aligned_domain", "arc"],
    }
)
class AuthShape(serializers.DictField):
    """``{"spf", "dkim", "dmarc", "aligned_domain", "arc"}``."""


class LinkShape(serializers.Serializer[dict[str, Any]]):
    text = serializers.CharField(help_text="What is shown.")
    url = serializers.CharField(help_text="Where it goes.")
    mismatch = serializers.BooleanField(
        help_text="The text shows one address and the link goes to another's, be it only to count clicks."
    )


class ImageShape(serializers.Serializer[dict[str, str]]):
    alt = serializers.CharField()


class AttachmentShape(serializers.Serializer[dict[str, Any]]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    type = serializers.CharField()
    size = serializers.IntegerField(help_text="Octets, decoded.")


class MessageShape(serializers.Serializer[dict[str, Any]]):
    """A message. ``text`` is what a reader would see and nothing else."""

    id = serializers.UUIDField()
    direction = serializers.ChoiceField(choices=Direction.choices)
    status = serializers.ChoiceField(choices=Status.choices)
    agent_id = serializers.CharField()
    thread_id = serializers.UUIDField(allow_null=True)
    message_id = serializers.CharField(help_text="The Message-ID header.")
    to = serializers.ListField(child=serializers.CharField())
    cc = serializers.ListField(child=serializers.CharField())
    subject = serializers.CharField()
    text = serializers.CharField()
    reply_text = serializers.CharField(
        allow_blank=True, help_text="`text` without the history that it quotes and without the signature."
    )
    text_truncated = serializers.BooleanField()
    received_at = serializers.DateTimeField()
    injection_score = serializers.FloatField(allow_null=True, min_value=0, max_value=1)
    thread_taint = serializers.FloatField(
        allow_null=True, min_value=0, max_value=1, help_text="The highest score of any mail in its thread."
    )
    quarantined = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Why it scored or was quarantined.")
    auth = AuthShape()
    links = LinkShape(many=True)
    images = ImageShape(many=True)
    attachments = AttachmentShape(many=True)
    read = serializers.BooleanField()
    folder = serializers.CharField(allow_blank=True, help_text="Where a rule moved it; empty when none did.")
    labels = serializers.ListField(child=serializers.CharField(), help_text="What rules labelled it.")

    def get_fields(self) -> dict[str, Any]:
        """With ``from``, which is no name that a class body can hold."""
        sender = serializers.CharField(help_text="As the From header says; whether it is true is for `auth` to tell.")
        return {"from": sender, **super().get_fields()}


class ListAnswer(serializers.Serializer[dict[str, Any]]):
    count = serializers.IntegerField(help_text="How many messages this page holds.")
    next_page_token = serializers.CharField(allow_null=True, help_text="null on the last page.")
    messages = MessageShape(many=True)
