"""The JSON of the policy routes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from postbox.api.fields import Choice, Several, Text
from postbox.api.serializers import Body
from postbox.screening.entries import LONGEST, MOST
from postbox.screening.policies import LEVELS
from postbox.screening.policy import Auth, Mode, Strangers

_ENTRIES = "Addresses, domains, and `*.` before a domain for all below it."


class PolicyPutBody(Body):
    address = Text(required=False, max_length=LONGEST, help_text="One address of an agent of yours.")
    domain = Text(required=False, max_length=253, help_text="A domain that you hold, or the operator's default one.")
    agent_id = Text(required=False, max_length=64, help_text="One agent. Without any of the three: all that is yours.")
    auth = Choice(
        choices=Auth.choices, required=False, allow_null=True, help_text="What becomes of mail nobody vouches for."
    )
    mode = Choice(
        choices=Mode.choices, required=False, allow_null=True, help_text="Who may write: all, or those on `allow`."
    )
    strangers = Choice(
        choices=Strangers.choices,
        required=False,
        allow_null=True,
        help_text="What becomes of mail from who is not on `allow` where the mode is `allowlist`.",
    )
    allow = Several(child=Text(max_length=LONGEST), required=False, max_length=MOST, help_text=_ENTRIES)
    block = Several(child=Text(max_length=LONGEST), required=False, max_length=MOST, help_text=_ENTRIES)
    checks = serializers.DictField(required=False, help_text="Settings of single checks; null takes one away.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in LEVELS) > 1:
            raise serializers.ValidationError("Send one of `address`, `domain` and `agent_id`, or none.")
        return attrs


class PolicyListBody(Body):
    pass


class PolicyShape(serializers.Serializer[dict[str, Any]]):
    id = serializers.UUIDField()
    address = serializers.CharField(allow_null=True)
    domain = serializers.CharField(allow_null=True)
    agent_id = serializers.CharField(allow_null=True)
    auth = serializers.ChoiceField(
        choices=Auth.choices, allow_null=True, help_text="null here and below: as the level above says."
    )
    mode = serializers.ChoiceField(choices=Mode.choices, allow_null=True)
    strangers = serializers.ChoiceField(choices=Strangers.choices, allow_null=True)
    allow = serializers.ListField(child=serializers.CharField())
    block = serializers.ListField(child=serializers.CharField())
    checks = serializers.DictField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class PoliciesAnswer(serializers.Serializer[dict[str, Any]]):
    count = serializers.IntegerField()
    next_page_token = serializers.CharField(allow_null=True, help_text="Always null: all policies come at once.")
    policies = PolicyShape(many=True)
