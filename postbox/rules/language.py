"""The language of rules: which ``match`` and ``actions`` are well formed.

Decides by the JSON Schema beside this file (Draft 2020-12) and by what a schema cannot say: how deep and how many
conditions may be, and that every pattern compiles. Every error names its place. It never looks at a mail.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from postbox.rules.patterns import BadPattern, check_regex

CONDITIONS = 32
DEPTH = 6
_MESSAGE = 300
_ERRORS = 20

SCHEMA: dict[str, Any] = json.loads(Path(__file__).with_name("schema.json").read_text("utf-8"))
_VALIDATOR = Draft202012Validator(SCHEMA)

Problem = dict[str, str]


def problems(match: Any, actions: Any) -> list[Problem]:
    """What is wrong with a rule, as ``{"path", "message"}``, at most some twenty; none when it is well formed."""
    rule = {"match": match, "actions": actions}
    deep = _too_deep(match)
    if deep:  # before the schema, which would follow it down
        return [_problem(["match"], deep)]
    found = [_problem(*_said(error)) for error in _some(_VALIDATOR.iter_errors(rule))]
    return found or list(_beyond_schema(match, actions))[:_ERRORS]


def _some(errors: Iterator[ValidationError]) -> Iterator[ValidationError]:
    for count, error in enumerate(errors):
        if count == _ERRORS:
            return
        yield error


def _problem(path: list[Any], message: str) -> Problem:
    return {"path": ".".join(str(part) for part in path)[:_MESSAGE], "message": message[:_MESSAGE]}


def _said(error: ValidationError) -> tuple[list[Any], str]:
    """Where and what, of an alternative's errors those of the alternative that has the value's type."""
    if error.validator == "anyOf":
        wrong = [sub for sub in error.context or () if not _is_of_type_error(sub)]
        if wrong:
            return _said(min(wrong, key=lambda sub: -len(sub.absolute_path)))
        return list(error.absolute_path), _of_types(error)
    path = list(error.absolute_path)
    schema, value = cast("dict[str, Any]", error.schema), cast(Any, error.instance)
    if error.validator == "additionalProperties":
        known = schema["properties"]
        name = next((key for key in value if key not in known), "")
        return [*path, name], f"Unknown; here go {', '.join(f'`{key}`' for key in known)}."
    if error.validator == "required":
        name = next((key for key in schema["required"] if key not in value), "")
        return [*path, name], "This is required."
    if error.validator == "minProperties":
        return path, f"Name at least one of {', '.join(f'`{key}`' for key in schema['properties'])}."
    if error.validator == "enum":
        return path, f"One of {', '.join(json.dumps(item) for item in cast('list[Any]', error.validator_value))}."
    if error.validator == "const":
        return path, f"It can only be {json.dumps(error.validator_value)}."
    if error.validator == "pattern":
        return path, "It holds characters that may not stand here, or not in this order."
    words = {"minLength": "at least {} characters", "maxLength": "at most {} characters"}
    words |= {"minItems": "at least {} entries", "maxItems": "at most {} entries"}
    words |= {"minimum": "at least {}", "maximum": "at most {}", "type": "of type {}"}
    return path, f"It must be {words.get(str(error.validator), 'otherwise').format(error.validator_value)}."


def _is_of_type_error(error: ValidationError) -> bool:
    """Whether an alternative is for another type of value, and so says nothing about this one."""
    return error.validator == "type" and len(error.relative_path) == 0


def _of_types(error: ValidationError) -> str:
    kinds = dict.fromkeys(str(sub.validator_value) for sub in error.context or ())
    return f"It must be of type {' or '.join(kinds)}."


def _too_deep(match: Any) -> str:
    level, count = [match], 0
    for _ in range(DEPTH):
        count += sum(_conditions(node) for node in level)
        if count > CONDITIONS:
            return f"A rule takes at most {CONDITIONS} conditions."
        level = [child for node in level for child in _children(node)]
        if not level:
            return ""
    return f"`all`, `any` and `not` may stand at most {DEPTH} deep."


def _conditions(node: Any) -> int:
    return sum(key not in ("all", "any", "not") for key in node) if isinstance(node, dict) else 1


def _children(node: Any) -> list[Any]:
    if not isinstance(node, dict):
        return []
    lists = [node[key] for key in ("all", "any") if isinstance(node.get(key), list)]
    return [child for items in lists for child in items] + ([node["not"]] if "not" in node else [])


def _beyond_schema(match: dict[str, Any], actions: dict[str, Any]) -> Iterator[Problem]:
    yield from _patterns(match, ["match"])
    yield from (_problem(path, "NUL may not stand in a text.") for path in _nuls({"match": match, "actions": actions}))
    yield from (_problem(path, "`min` is above `max`.") for path in _ranges(match, ["match"]))
    for final in ("drop", "quarantine"):
        for sent in ("forward", "auto_reply"):
            if final in actions and sent in actions:
                yield _problem(["actions", sent], f"What is held or dropped goes nowhere: not together with `{final}`.")


def _patterns(node: Any, path: list[Any]) -> Iterator[Problem]:
    for at, value in _walk(node, path):
        if at[-1] == "regex":
            try:
                check_regex(value)
            except BadPattern as error:
                yield _problem(at, str(error))


def _nuls(node: Any) -> Iterator[list[Any]]:
    yield from (at for at, value in _walk(node, []) if isinstance(value, str) and "\x00" in value)


def _ranges(node: Any, path: list[Any]) -> Iterator[list[Any]]:
    for at, value in _walk(node, path):
        if at[-1] == "score" and value.get("min", 0) > value.get("max", 1):
            yield at


def _walk(node: Any, path: list[Any]) -> Iterator[tuple[list[Any], Any]]:
    """Everything below a node that the schema has let through, so its depth is bounded."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield [*path, key], value
        yield from _walk(value, [*path, key])
