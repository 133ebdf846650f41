"""What holds for the source as a whole."""

from __future__ import annotations

import re

import pytest

from tests.e2e.system import REPOSITORY

PACKAGES = ("postbox", "webhooks", "outbound", "reputation")
# A possessive group keeps what a failed last repetition had read, in CPython before 3.11.5 (Debian 12 has 3.11.2).
# An atomic group around a plain repetition says the same and is read rightly everywhere.
_POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)(?:[*+?]|\{\{?\d*,?\d*\}\}?)\+")


def test_no_pattern_has_a_possessive_group() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}:{number}"
        for package in PACKAGES
        for path in sorted((REPOSITORY / package).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if ("re.compile" in line or 'r"' in line or "rf" in line) and _POSSESSIVE_GROUP.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("pattern", ["(a++(?: a++)*+)", "(?:x){0,80}+", "(?:x){{0,8}}+"])
def test_the_look_for_them_finds_them(pattern: str) -> None:
    assert _POSSESSIVE_GROUP.search(pattern)
