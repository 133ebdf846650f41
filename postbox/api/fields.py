"""Fields that take the JSON type they name and no other: ``"5"`` is no number and ``1`` is no text.

Decides what a value of a request may look like; never what it means. Each says in the OpenAPI document what it takes.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from datetime import datetime
from typing import Any

from django.core.validators import ProhibitNullCharactersValidator, RegexValidator
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from rest_framework import serializers
from rest_framework.validators import ProhibitSurrogateCharactersValidator

_SURROGATE = re.compile("[\ud800-\udfff]")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class _NoSurrogates(ProhibitSurrogateCharactersValidator):
    """The framework's looks at each character in Python, which for a mail takes as long as storing it."""

    def __call__(self, value: Any) -> None:
        if not value.isascii() and _SURROGATE.search(value):
            super().__call__(value)


class Text(serializers.CharField):
    """A string, by default not empty, without NUL, its outer blanks kept."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})
        others = [v for v in self.validators if not isinstance(v, ProhibitSurrogateCharactersValidator)]
        self.validators = [*others, _NoSurrogates()]

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Prose(Text):
    """A part of a mail: any string at all. What it may do is for the screening to find, not for the door."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"allow_blank": True, **kwargs})
        self.validators = [v for v in self.validators if not isinstance(v, ProhibitNullCharactersValidator)]


class Several(serializers.ListField):
    """A list, its length checked before any of its items: a million wrong ones would cost seconds to describe."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        values: list[Any] = super().to_internal_value(data)
        return values


class Choice(serializers.ChoiceField):
    """One of a few words; who sends another is told which."""

    default_error_messages = {"invalid_choice": '"{input}" is not a valid choice; these are: {choices}.'}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and data in self.choice_strings_to_values:
            return self.choice_strings_to_values[data]
        return self.fail("invalid_choice", input=str(data)[:40], choices=", ".join(self.choice_strings_to_values))


class Whole(serializers.IntegerField):
    """A whole number."""

    def to_internal_value(self, data: Any) -> int:
        whole = isinstance(data, int) and not isinstance(data, bool)
        if not whole and not (isinstance(data, float) and data.is_integer()):
            self.fail("invalid")
        return int(data)


class Flag(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=str(data)[:40])
        return data


class Id(serializers.UUIDField):
    """A UUID in its canonical form (RFC 9562, section 4)."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        if not isinstance(data, str) or not _UUID.fullmatch(data):
            self.fail("invalid", value=str(data)[:40])
        return uuid.UUID(data)


class Time(serializers.DateTimeField):
    """An instant as RFC 3339 has it; one without an offset is UTC."""

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            self.fail("invalid", format="2026-01-31T12:00:00Z")
        return super().to_internal_value(value)


class Base64(serializers.Field[bytes, str, str, Any]):
    """Octets in base64 (RFC 4648, section 4), line breaks allowed as encoders of mail write them."""

    default_error_messages = {"invalid": "Not base64.", "empty": "This may not be empty."}

    def __init__(self, *, allow_empty: bool = True, **kwargs: Any) -> None:
        self.allow_empty = allow_empty
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> bytes:
        try:
            if not isinstance(data, str):
                raise ValueError
            octets = base64.b64decode(data.encode("ascii").translate(None, b" \t\r\n"), validate=True)
        except (binascii.Error, ValueError):
            self.fail("invalid")
        if not octets and not self.allow_empty:
            self.fail("empty")
        return octets

    def to_representation(self, value: bytes) -> str:
        return base64.b64encode(value).decode()


class _TextSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = Text
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer_field(self.target, direction, bypass_extensions=True)
        if not self.target.allow_blank:
            schema.setdefault("minLength", 1)
            if not any(isinstance(validator, RegexValidator) for validator in self.target.validators):
                schema.setdefault("pattern", "^[^\\u0000]*$")
        return schema


_GAP = r"[ \t\r\n]*"
_SIGN = rf"(?:[A-Za-z0-9+/]{_GAP})"
_END = rf"(?:{_SIGN}{{2}}={_GAP}=|{_SIGN}{{3}}=){_GAP}"


class _Base64Schema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = Base64

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        some = rf"(?:(?:{_SIGN}{{4}})+(?:{_END})?|{_END})"
        pattern = rf"^{_GAP}{some}{'?' if self.target.allow_empty else ''}$"
        return {"type": "string", "format": "byte", "pattern": pattern}
