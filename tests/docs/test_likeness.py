"""The comparison of what is shown with what came, which has to see what is not alike."""

from __future__ import annotations

from typing import Any

import pytest

from tests.docs.answers import Answer
from tests.docs.likeness import differences
from tests.docs.markdown import Block
from tests.docs.shell import Ran

ID, OTHER_ID = "01a1fdf4-88ed-7049-9d82-405256a1f3ea", "96c6b23a-3968-8ab7-9990-948991a9c3c2"
ALIKE: list[tuple[Any, Any]] = [
    ({"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}),
    ({"a": 1, "…": "…"}, {"a": 1, "b": 2}),
    (["x", "…"], ["x", "y", "z"]),
    (["x", "…"], ["x"]),
    ("…", None),
    ("pbx_…", "pbx_agent"),
    (ID, OTHER_ID),
    ("2026-11-21T11:53:46.954Z", "2031-01-01T00:00:00Z"),
    (0.02, 0.9),
]
UNLIKE: list[tuple[Any, Any]] = [
    ({"a": 1}, {"a": 2}),
    ({"a": 1}, {"a": 1, "b": 2}),
    ({"a": 1, "b": 2}, {"a": 1}),
    ({"a": 1, "…": "…"}, {"a": 1}),
    ({"a": 1, "…": "…"}, {"b": 1}),
    (["x"], ["x", "y"]),
    (["x", "y"], ["x"]),
    (["x", "…"], ["y"]),
    ("pbx_…", "whsec_"),
    ("ok", "degraded"),
    (ID, "none"),
    ("2026-11-21T11:53:46.954Z", "today"),
    (0.02, 1),
    (1, True),
    ("1", 1),
    (None, "x"),
]


@pytest.mark.parametrize(("shown", "real"), ALIKE)
def test_what_is_alike(shown: object, real: object) -> None:
    assert differences(shown, real) == []


@pytest.mark.parametrize(("shown", "real"), UNLIKE)
def test_what_is_not(shown: object, real: object) -> None:
    assert differences(shown, real) != []
    assert differences({"in": [shown]}, {"in": [real]}) != []


@pytest.mark.parametrize(
    ("status", "headers", "body", "fits"),
    [
        (202, {"retry-after": "5"}, '{"a": 1}', True),
        (200, {"retry-after": "5"}, '{"a": 1}', False),
        (202, {}, '{"a": 1}', False),
        (202, {"retry-after": "5"}, '{"a": 2}', False),
    ],
)
def test_an_answer_is_its_status_its_headers_and_its_body(
    status: int, headers: dict[str, str], body: str, fits: bool
) -> None:
    block = Block("http", "", 'HTTP/1.1 202 Accepted\nRetry-After: 5\n\n{"a": 1}\n', 1)
    ran = Ran(block, 0, body, "", [], status, headers)
    assert (Answer.of(block).unlike(ran) == []) is fits
