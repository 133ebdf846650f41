"""The JSON of ``/ingest``: what is taken and what is answered."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from postbox.api.fields import Base64, Prose, Several, Text
from postbox.api.serializers import Body
from postbox.ingest import envelope
from postbox.ingest.limits import ADDRESS_COUNT
from postbox.mail.models import Status


class EnvelopeAddress(Text):
    """An address as SMTP has it, with or without its angle brackets. postbox.ingest.envelope reads it."""


class ClientAddress(Text):
    """An IP address."""


class _AddressSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = EnvelopeAddress
    priority = 1

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        address = envelope.ADDRESS.pattern.replace(r"\x", r"\u00")  # as ECMA-262 writes it
        return {"type": "string", "pattern": f"^<?{address}>?$"}


class _ClientSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = ClientAddress
    priority = 1

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "format": kind} for kind in ("ipv4", "ipv6")] + [_EMPTY]}


_EMPTY = {"type": "string", "maxLength": 0}


class EnvelopeBody(Body):
    mail_from = EnvelopeAddress(allow_blank=True, default="", help_text="Empty: the null return path.")
    rcpt_to = Several(child=EnvelopeAddress(), min_length=1, max_length=ADDRESS_COUNT)
    client_ip = ClientAddress(allow_blank=True, default="", help_text="Who connected; empty where unknown.")
    helo = Prose(default="", help_text="What it said of itself.")
    tls = Prose(default="", help_text="TLS version and cipher by which it came, or `none`; empty where unknown.")


class AttachmentBody(Body):
    name = Prose(default="")
    type = Prose(default="", help_text="A media type; application/octet-stream where it is none.")
    content = Base64(default=b"", help_text="base64")


_TEXTS = {"type": "array", "items": {"type": "string"}}


@extend_schema_field({"oneOf": [{"type": "string"}, _TEXTS]})
class HeaderValue(serializers.Field[str | list[str], Any, Any, Any]):
    """A string, or a list of strings where the header is repeated."""

    default_error_messages = {"invalid": "A header's value is a string or a list of strings."}

    def to_internal_value(self, data: Any) -> str | list[str]:
        if not isinstance(data, str) and not (isinstance(data, list) and all(isinstance(item, str) for item in data)):
            self.fail("invalid")
        return data


class ParsedBody(Body):
    headers = serializers.DictField(child=HeaderValue(), default=dict)
    text = Prose(default="")
    html = Prose(default="")
    attachments = AttachmentBody(many=True, default=list)


class IngestBody(Body):
    envelope = EnvelopeBody()
    also = {"oneOf": [{"required": ["raw"]}, {"required": ["parsed"]}]}
    raw = Base64(required=False, allow_empty=False, help_text="The raw mail in base64.")
    parsed = ParsedBody(required=False, help_text="In place of `raw`.")

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


class AnsweredBody(serializers.Serializer[dict[str, Any]]):
    to = serializers.CharField(help_text="The address of the message's own.")
    id = serializers.UUIDField(help_text="The sent message.")


class IngestAnswer(serializers.Serializer[dict[str, Any]]):
    messages = IngestedBody(many=True)
    rejected = RejectedBody(many=True)
    bounces = AnsweredBody(many=True, required=False, help_text="Recipients that were the return path of a sent mail.")
    unsubscribed = AnsweredBody(
        many=True, required=False, help_text="Recipients that were the address of a sent mail to unsubscribe at."
    )
