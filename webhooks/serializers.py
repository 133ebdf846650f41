"""The JSON of the webhook routes."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from postbox.api.fields import Choice, Id, Several, Text, Time, Whole
from postbox.api.serializers import Body
from webhooks.endpoints import DEFAULT_GRACE, MAX_GRACE
from webhooks.kinds import CHOICES
from webhooks.models import EndpointState

_EVENT_OR_MESSAGE = re.compile(
    r"\A(?:evt_[0-9a-f]{32}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})\Z"
)


class RegisterBody(Body):
    url = Text(max_length=2000, help_text="https, with public addresses only.")
    events = Several(
        child=Choice(choices=CHOICES),
        required=False,
        default=list,
        max_length=len(CHOICES),
        help_text="Kinds, or a family as `message.*`; none for every kind.",
    )
    description = Text(required=False, default="", allow_blank=True, max_length=200)


class RegisterAnswer(serializers.Serializer[dict[str, Any]]):
    id = serializers.UUIDField()
    secret = serializers.CharField(help_text="`whsec_` and base64; shown once.")


class EndpointId(Body):
    id = Id(help_text="The endpoint's id.")


class NoBody(Body):
    pass


class RotateBody(EndpointId):
    grace_seconds = Whole(
        required=False,
        default=int(DEFAULT_GRACE.total_seconds()),
        min_value=0,
        max_value=int(MAX_GRACE.total_seconds()),
        help_text="For how long the old secret signs too.",
    )


class RotateAnswer(serializers.Serializer[dict[str, Any]]):
    secret = serializers.CharField(help_text="`whsec_` and base64; shown once.")
    old_secret_expires_at = serializers.DateTimeField()


class PingAnswer(serializers.Serializer[dict[str, Any]]):
    id = serializers.CharField(help_text="The `webhook-id` that it comes with.")


class ReplayBody(Body):
    id = Text(
        required=False,
        validators=[RegexValidator(_EVENT_OR_MESSAGE, "Not the id of an event (evt_…) or of a message.")],
        help_text="Of an event (its `webhook-id`) or of a message.",
    )
    since = Time(required=False, help_text="In place of `id`: dead letters of events from then on.")
    until = Time(required=False, help_text="With `since`: of events before then.")

    def validate_id(self, value: str) -> uuid.UUID:
        return uuid.UUID(value.removeprefix("evt_"))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("id" in attrs) == ("since" in attrs):
            raise serializers.ValidationError("Send either `id` or `since`.")
        if "until" in attrs and ("since" not in attrs or attrs["until"] <= attrs["since"]):
            raise serializers.ValidationError({"until": "It goes with `since` and must be later."})
        return attrs


class ReplayAnswer(serializers.Serializer[dict[str, Any]]):
    replayed = serializers.IntegerField(help_text="How many deliveries are sent again.")


class HealthBody(serializers.Serializer[dict[str, Any]]):
    last_attempt = serializers.DateTimeField(allow_null=True)
    last_success_at = serializers.DateTimeField(allow_null=True)
    last_failure_at = serializers.DateTimeField(allow_null=True)
    failing_since = serializers.DateTimeField(allow_null=True)
    consecutive_failures = serializers.IntegerField()
    paused_until = serializers.DateTimeField(allow_null=True, help_text="Nothing is posted until then.")
    pending = serializers.IntegerField()
    dead = serializers.IntegerField()


class EndpointBody(serializers.Serializer[dict[str, Any]]):
    id = serializers.UUIDField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField(), help_text="Empty: every kind.")
    description = serializers.CharField()
    state = serializers.ChoiceField(choices=[EndpointState.ACTIVE.value, EndpointState.DISABLED.value])
    disabled_reason = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    health = HealthBody(required=False)


class EndpointsAnswer(serializers.Serializer[dict[str, Any]]):
    count = serializers.IntegerField()
    next_page_token = serializers.CharField(allow_null=True)
    endpoints = EndpointBody(many=True)
