"""Which rules are well formed, and what is said of those that are not."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from postbox.lib.ids import uuid7
from postbox.rules.compiled import compile_rule
from postbox.rules.language import SCHEMA, problems

GOOD: list[dict[str, Any]] = [
    {"sender": "*@example.org"},
    {"sender": ["example.org", "*.example.org"], "tag": "orders"},
    {"any": [{"subject": "invoice"}, {"not": {"text": {"regex": "(?i)hello\\s+world"}}}]},
    {"header": {"name": "List-Id", "contains": ["a", "b"]}},
    {"score": {"min": 0.2, "max": 0.8}, "attachment": {"type": "application/*", "name": "*.pdf"}},
    {"verdict": {"step": "auth", "outcome": "flag"}},
    {"attachment": True},
    {"every_mail": True},
]
STOP = {"stop": True}


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("match", GOOD)
def test_what_is_well_formed_compiles(match: dict[str, Any]) -> None:
    assert problems(match, STOP) == []
    compile_rule(uuid7(), "r", match, STOP)


@pytest.mark.parametrize(
    ("match", "actions", "path", "words"),
    [
        ({}, STOP, "match", "at least one"),
        ({"sendr": "x"}, STOP, "match.sendr", "Unknown"),
        ({"sender": 5}, STOP, "match.sender", "type"),
        ({"all": [{"subject": {"regex": "("}}]}, STOP, "match.all.0.subject.regex", "RE2"),
        ({"subject": {"regex": r"(a)\1"}}, STOP, "match.subject.regex", "RE2"),
        ({"subject": {"regx": "a"}}, STOP, "match.subject.regx", "Unknown"),
        ({"score": {"min": 2}}, STOP, "match.score.min", "at most 1"),
        ({"score": {"min": 0.8, "max": 0.2}}, STOP, "match.score", "above"),
        ({"subject": "a\x00b"}, STOP, "match.subject", "NUL"),
        ({"every_mail": False}, STOP, "match.every_mail", "true"),
        ({"header": {"contains": "x"}}, STOP, "match.header.name", "required"),
        ({"header": {"name": "a b"}}, STOP, "match.header.name", "characters"),
        ({"every_mail": True}, {}, "actions", "at least one"),
        ({"every_mail": True}, {"release": True}, "actions.release", "Unknown"),
        ({"every_mail": True}, {"move": " x"}, "actions.move", "characters"),
        ({"every_mail": True}, {"label": ["ok", "a\x1fb"]}, "actions.label.1", "characters"),
        ({"every_mail": True}, {"forward": "no address"}, "actions.forward", "characters"),
        ({"every_mail": True}, {"auto_reply": {}}, "actions.auto_reply.text", "required"),
        ({"every_mail": True}, {"drop": True, "forward": "a@example.org"}, "actions.forward", "drop"),
        ({"every_mail": True}, {"quarantine": True, "auto_reply": {"text": "x"}}, "actions.auto_reply", "quarantine"),
        ([], STOP, "match", "object"),
    ],
)
def test_what_is_not_is_named_by_its_place(match: Any, actions: Any, path: str, words: str) -> None:
    found = problems(match, actions)
    assert [problem["path"] for problem in found] == [path], found
    assert words in found[0]["message"]


def test_depth_and_number_of_conditions_are_bounded() -> None:
    deep: dict[str, Any] = {"every_mail": True}
    for _ in range(1000):
        deep = {"not": deep}
    assert "deep" in problems(deep, STOP)[0]["message"]
    wide = {"any": [{"all": [{"subject": "x"}] * 30} for _ in range(30)]}
    assert "conditions" in problems(wide, STOP)[0]["message"]
    assert problems({"all": [{"subject": str(n)} for n in range(32)]}, STOP) == []


_json = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*SCHEMA["$defs"]["match"]["properties"], "regex", "x"]), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(match=_json, actions=_json)
def test_anything_at_all_is_either_refused_with_a_place_or_compiles(match: Any, actions: Any) -> None:
    found = problems(match, actions)
    assert all(item["path"] and item["message"] for item in found)
    if not found:
        compile_rule(uuid7(), "r", match, actions)


def test_patterns_take_linear_time() -> None:
    from postbox.rules.patterns import glob, regex

    hostile = b"a" * 200_000 + b"!"
    began = time.process_time()
    assert not regex("^(a+)+$")(hostile)
    assert not glob("*a" * 50 + "b")(hostile)
    assert time.process_time() - began < 1.0
