"""The JSON of the rule routes."""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from postbox.api.fields import Flag, Id, Text, Whole
from postbox.api.serializers import Body
from postbox.rules.fields import RulePart

PRIORITY = 1_000_000
TRY, MAX_TRY = 50, 200
NAME = RegexValidator(r"\A[^\x00-\x1f\x7f]+\Z", "Without control characters.")


class PutBody(Body):
    id = Id(required=False, help_text="The rule to replace; without it the rule of this name is, where there is one.")
    name = Text(max_length=100, validators=[NAME], help_text="The agent's own name for it, used once.")
    match = RulePart("match")
    actions = RulePart("actions")
    priority = Whole(
        required=False, min_value=-PRIORITY, max_value=PRIORITY, help_text="Lower is asked first; 100 by default."
    )
    enabled = Flag(required=False, help_text="true by default.")


class RuleId(Body):
    id = Id(help_text="The rule's id.")


class RuleListBody(Body):
    pass


class TryBody(Body):
    id = Id(required=False, help_text="A rule that is kept, on or off.")
    match = RulePart("match", required=False)
    actions = RulePart("actions", required=False)
    limit = Whole(
        required=False, default=TRY, min_value=1, max_value=MAX_TRY, help_text="How many of the newest mails."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("id" in attrs) == ("match" in attrs):
            raise serializers.ValidationError("Send either `id` or `match`, the latter with or without `actions`.")
        if "id" in attrs and "actions" in attrs:
            raise serializers.ValidationError({"actions": "It goes with `match`."})
        return attrs


class RuleShape(serializers.Serializer[dict[str, Any]]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    match = RulePart("match")
    actions = RulePart("actions")
    priority = serializers.IntegerField()
    enabled = serializers.BooleanField()
    hits = serializers.IntegerField(help_text="How many mails it matched as they came in.")
    last_hit_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class RulesAnswer(serializers.Serializer[dict[str, Any]]):
    count = serializers.IntegerField()
    next_page_token = serializers.CharField(allow_null=True, help_text="Always null: all rules come at once.")
    rules = RuleShape(many=True)


class TriedMessage(serializers.Serializer[dict[str, Any]]):
    def get_fields(self) -> dict[str, Any]:
        """With ``from``, which is no name that a class body can hold."""
        return {
            "id": serializers.UUIDField(),
            "received_at": serializers.DateTimeField(),
            "from": serializers.CharField(),
            "subject": serializers.CharField(),
            "would": serializers.ListField(child=serializers.CharField(), help_text="What would be done, in words."),
        }


class TryAnswer(serializers.Serializer[dict[str, Any]]):
    tried = serializers.IntegerField(help_text="How many mails were looked at.")
    passed_over = serializers.IntegerField(help_text="How many could not be looked at: erased or unreadable.")
    complete = serializers.BooleanField(help_text="false when time ran out before all of `limit` were looked at.")
    matched = serializers.IntegerField()
    messages = TriedMessage(many=True)
