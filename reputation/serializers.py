"""The JSON of the suppression routes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.validators import EmailValidator
from rest_framework import serializers

from postbox.api.fields import Id, Text, Time, Whole
from postbox.api.serializers import Body
from postbox.lib import clock
from reputation.models import SuppressionReason

MAX_PAGE = 500


class SuppressionsBody(Body):
    limit = Whole(min_value=1, max_value=MAX_PAGE, default=100)
    page_token = Id(required=False, help_text="`next_page_token` of the page before.")


class SuppressBody(Body):
    address = Text(max_length=254, validators=[EmailValidator()])
    reason = Text(
        max_length=500,
        default=SuppressionReason.MANUAL.value,
        help_text="`hard_bounce`, `complaint`, `unsubscribed` or `manual`; other words become its `detail`.",
    )
    agent_id = Text(required=False, max_length=64, help_text="Only for this agent; for all of the owner's without it.")
    expires_at = Time(required=False, allow_null=True, help_text="For good without it.")

    def validate_expires_at(self, given: datetime | None) -> datetime | None:
        if given is not None and given <= clock.now():
            raise serializers.ValidationError("This time has passed: nothing would be kept from this address.")
        return given


class LiftBody(Body):
    address = Text(max_length=320)


class SuppressionAnswer(serializers.Serializer[dict[str, Any]]):
    id = serializers.UUIDField()
    address = serializers.CharField()
    reason = serializers.ChoiceField(choices=SuppressionReason.choices)
    detail = serializers.CharField(allow_blank=True)
    agent_id = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)


class SuppressionsAnswer(serializers.Serializer[dict[str, Any]]):
    count = serializers.IntegerField()
    next_page_token = serializers.CharField(allow_null=True)
    suppressions = SuppressionAnswer(many=True)


class LiftAnswer(serializers.Serializer[dict[str, Any]]):
    lifted = serializers.IntegerField()
