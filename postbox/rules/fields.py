"""``match`` and ``actions`` in requests, and in the OpenAPI document with the whole schema of rules."""

from __future__ import annotations

import json
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework import serializers

from postbox.rules.language import SCHEMA

_PREFIX = "Rule"


class RulePart(serializers.Field[Any, Any, Any, Any]):
    """One of the schema's definitions; its inside is checked by postbox.rules.language, which names each place."""

    default_error_messages = {"invalid": "This must be an object."}

    def __init__(self, definition: str, **kwargs: Any) -> None:
        self.definition = definition
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


def _component(definition: str) -> str:
    return _PREFIX + "".join(word.capitalize() for word in definition.split("_"))


def _as_openapi(schema: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(schema).replace('"const": true', '"default": true')  # OpenAPI 3.0 has no const
    for name in SCHEMA["$defs"]:
        text = text.replace(f'"#/$defs/{name}"', f'"#/components/schemas/{_component(name)}"')
    found: dict[str, Any] = json.loads(text)
    return found


class _RulePartSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = RulePart

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        for name, schema in SCHEMA["$defs"].items():
            component = ResolvedComponent(  # type: ignore[no-untyped-call]
                name=_component(name),
                type=ResolvedComponent.SCHEMA,
                object=_component(name),
                schema=_as_openapi(schema),
            )
            auto_schema.registry.register_on_missing(component)
        return {"$ref": f"#/components/schemas/{_component(self.target.definition)}"}
