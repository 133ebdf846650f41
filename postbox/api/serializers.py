"""The base of every request body: an unknown field is an error, since a misspelt one that is passed over misleads."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, ClassVar

from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework import serializers
from rest_framework.request import Request

_SHOWN = 10
_NAME = 64


class Body(serializers.Serializer[dict[str, Any]]):
    """A JSON object with the fields that the class names and no others; nested bodies are as strict.

    ``also`` holds what the fields alone cannot say of it in the OpenAPI document.
    """

    also: ClassVar[Mapping[str, Any]] = {}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        unknown = self._unknown(data) if isinstance(data, Mapping) else {}
        try:
            values: dict[str, Any] = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if not unknown or not isinstance(error.detail, dict):
                raise
            raise serializers.ValidationError({**error.detail, **unknown}) from error
        if unknown:
            raise serializers.ValidationError(unknown)
        return values

    def _unknown(self, data: Mapping[str, Any]) -> dict[str, list[str]]:
        names = [name for name in data if name not in self.fields][:_SHOWN]
        return {name[:_NAME]: [self._hint(name)] for name in names}

    def _hint(self, name: str) -> str:
        near = get_close_matches(name[:_NAME], list(self.fields), n=1)
        if near:
            return f"Unknown field; did you mean `{near[0]}`?"
        return f"Unknown field; this object takes {', '.join(f'`{field}`' for field in self.fields) or 'none'}."


def read(body: type[Body], request: Request) -> dict[str, Any]:
    """The request's checked values, defaults filled in. Raises ValidationError naming each field that is wrong."""
    return checked(body, request.data)


def checked(body: type[Body], data: Any) -> dict[str, Any]:
    """The same of a body that was read already."""
    if data is None:
        raise serializers.ValidationError({"non_field_errors": ["No data provided"]})
    values: dict[str, Any] = _made(body).run_validation(data)
    return values


@cache
def _made(body: type[Body]) -> Body:
    """One for all requests: what a body is checked by is made once, and checking keeps nothing in it."""
    return body()


class _StrictSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    target_class = Body
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        if type(self.target).__doc__ is None:
            schema.pop("description", None)  # the base's, which says nothing of this body
        return {**schema, **self.target.also, "additionalProperties": False}
