"""The JSON of ``/domain/…``."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxLengthValidator
from rest_framework import serializers

from postbox.api.fields import Flag, Text, Whole
from postbox.api.serializers import Body
from postbox.identity.models import RecordState
from postbox.identity.published.records import Kind
from postbox.identity.serializers import DOMAIN, DOMAIN_LENGTH

PAGE = 100


def _name(**kwargs: Any) -> Text:
    return Text(validators=[DOMAIN, MaxLengthValidator(DOMAIN_LENGTH)], **kwargs)


class DomainPutBody(Body):
    domain = _name(help_text="One that you hold, or that nobody holds yet.")
    catch_all = Text(
        required=False,
        allow_null=True,
        max_length=254,
        help_text="An agent id or address of yours; it gets what comes for local parts that nobody has. null: nobody.",
    )
    allow_root = Flag(
        required=False,
        help_text="Lets agents be on an organisation's own domain, in whose name a hijacked one would write.",
    )

    claim = Flag(
        required=False,
        default=False,
        help_text="Claims the domain where another owner holds it: with the ownership record of the answer in DNS, and "
        "theirs not there, /domain/check makes it yours. Their addresses on it end then.",
    )


class DomainListBody(Body):
    limit = Whole(required=False, default=PAGE, min_value=1, max_value=PAGE)
    page_token = _name(required=False, help_text="`next_page_token` of the page before.")


class DomainCheckBody(Body):
    domain = _name(help_text="One that you hold or claim.")


class RecordBody(serializers.Serializer[dict[str, Any]]):
    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind], help_text="What the record is for.")
    name = serializers.CharField(help_text="Where to publish it.")
    type = serializers.ChoiceField(choices=["MX", "TXT"])
    value = serializers.CharField(
        allow_blank=True,
        help_text="What to publish, a TXT without quotes; empty while the operator named no mail host.",
    )
    state = serializers.ChoiceField(choices=RecordState.values)
    found = serializers.ListField(child=serializers.CharField(), help_text="What DNS held at the last check.")
    advice = serializers.CharField(allow_blank=True, help_text="What to do or to know; empty when all is well.")


class DomainBody(serializers.Serializer[dict[str, Any]]):
    domain = serializers.CharField()
    held = serializers.BooleanField(help_text="false: another owner holds it, and this is your claim.")
    catch_all = serializers.CharField(allow_null=True, help_text="The address that takes what nobody has.")
    allow_root = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    checked_at = serializers.DateTimeField(allow_null=True)
    verified_at = serializers.DateTimeField(allow_null=True, help_text="When the ownership record was first seen.")
    records = RecordBody(many=True)


class DomainsAnswer(serializers.Serializer[dict[str, Any]]):
    count = serializers.IntegerField()
    next_page_token = serializers.CharField(allow_null=True, help_text="null on the last page.")
    domains = DomainBody(many=True)
