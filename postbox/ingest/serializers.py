"""The JSON of ``/ingest``: what is taken and what is answered."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from postbox.mail.models import Status


class EnvelopeBody(serializers.Serializer[dict[str, Any]]):
    mail_from = serializers.CharField(allow_blank=True, default="", max_length=320)
    rcpt_to = serializers.ListField(child=serializers.CharField(max_length=320), allow_empty=False)
    client_ip = serializers.CharField(allow_blank=True, default="", max_length=64)
    helo = serializers.CharField(allow_blank=True, default="", max_length=1024)


class AttachmentBody(serializers.Serializer[dict[str, Any]]):
    name = serializers.CharField(allow_blank=True, default="", max_length=1024)
    type = serializers.CharField(allow_blank=True, default="", max_length=255)
    content = serializers.CharField(allow_blank=True, default="", help_text="base64", trim_whitespace=False)


class ParsedBody(serializers.Serializer[dict[str, Any]]):
    headers = serializers.DictField(
        child=serializers.JSONField(help_text="A string, or a list of strings where the header is repeated."),
        default=dict,
    )
    text = serializers.CharField(allow_blank=True, default="", trim_whitespace=False)
    html = serializers.CharField(allow_blank=True, default="", trim_whitespace=False)
    attachments = AttachmentBody(many=True, default=list)

    def validate_headers(self, headers: dict[str, Any]) -> dict[str, Any]:
        for name, value in headers.items():
            items = value if isinstance(value, list) else [value]
            if not all(isinstance(item, str) for item in items):
                raise serializers.ValidationError({name: "A header's value is a string or a list of strings."})
        return headers


class IngestBody(serializers.Serializer[dict[str, Any]]):
    envelope = EnvelopeBody()
    raw = serializers.CharField(required=False, trim_whitespace=False, help_text="The raw mail in base64.")
    parsed = ParsedBody(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("raw" in attrs) == ("parsed" in attrs):
            raise serializers.ValidationError("Send either `raw` or `parsed`.")
        return attrs


class IngestedBody(serializers.Serializer[dict[str, Any]]):
    id = serializers.UUIDField()
    to = serializers.CharField()
    agent_id = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.choices)
    duplicate = serializers.BooleanField()


class RejectedBody(serializers.Serializer[dict[str, Any]]):
    rcpt_to = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class IngestAnswer(serializers.Serializer[dict[str, Any]]):
    messages = IngestedBody(many=True)
    rejected = RejectedBody(many=True)
