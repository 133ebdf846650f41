"""Compact JSON: the same octets as the standard library's, whatever the text."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from postbox.lib.compact import compact, quoted

TEXTS = st.text(st.characters(exclude_categories=())) | st.text('ab"\\\n\t\r\0\x1f\x7f/\u2028é')


@given(TEXTS)
def test_a_text_is_quoted_as_the_standard_library_does(text: str) -> None:
    assert quoted(text) == json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")


@given(TEXTS, TEXTS)
def test_what_is_written_already_stands_last_as_it_is(first: str, second: str) -> None:
    members = {"id": 1, "first": first}
    whole = json.dumps(members | {"second": second}, ensure_ascii=False, separators=(",", ":"))
    assert compact(members, {"second": quoted(second)}) == whole.encode("utf-8", "replace")


def test_nothing_written_is_the_object_alone() -> None:
    assert compact({"a": ["b", None]}) == b'{"a":["b",null]}'
