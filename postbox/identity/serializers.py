"""The JSON of ``/alloc``."""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from postbox.identity.models import AGENT_NAME, LOCAL_PART

DOMAIN = RegexValidator(
    r"\A(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+\Z",
    "Not a domain name; write an internationalised one in its xn-- form.",
)


class AllocBody(serializers.Serializer[dict[str, Any]]):
    agent_id = serializers.CharField(validators=[AGENT_NAME], help_text="Your own text for the agent.")
    local_part = serializers.CharField(validators=[LOCAL_PART], required=False, default="")
    domain = serializers.CharField(validators=[DOMAIN], required=False, default="")
    aliases = serializers.ListField(
        child=serializers.CharField(validators=[LOCAL_PART]), required=False, default=list, max_length=20
    )


class AllocAnswer(serializers.Serializer[dict[str, Any]]):
    agent_id = serializers.CharField()
    address = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField())
    agent_key = serializers.CharField(required=False, help_text="Once, when the agent is new.")
