"""The JSON of ``/alloc``."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxLengthValidator, RegexValidator
from rest_framework import serializers

from postbox.api.fields import Several, Text
from postbox.api.serializers import Body
from postbox.identity.models import AGENT_NAME, LOCAL_PART, LOCAL_PART_LENGTH

# With the longest local part an address stays within 254 octets (RFC 5321, section 4.5.3.1.3).
DOMAIN_LENGTH = 189
DOMAIN = RegexValidator(
    r"\A[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+\Z",
    "Not a domain name; write an internationalised one in its xn-- form.",
)


class LocalPart(Text):
    """The part of an address before the ``@``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validators=[LOCAL_PART, MaxLengthValidator(LOCAL_PART_LENGTH)], **kwargs)


class AllocBody(Body):
    agent_id = Text(validators=[AGENT_NAME], help_text="Your own text for the agent.")
    local_part = LocalPart(required=False, help_text="Left out: the agent's id, or that and random letters.")
    domain = Text(
        validators=[DOMAIN, MaxLengthValidator(DOMAIN_LENGTH)],
        required=False,
        help_text="A domain that you hold, or one that nobody holds yet. Left out: the operator's.",
    )
    aliases = Several(child=LocalPart(), default=list, max_length=20, help_text="More local parts on the same domain.")


class AllocAnswer(serializers.Serializer[dict[str, Any]]):
    agent_id = serializers.CharField()
    address = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField())
    agent_key = serializers.CharField(required=False, help_text="Once, when the agent is new.")
