"""Which tests stay together on one worker of a run, and the order in which workers take them.

A file stays together, and so do files that share a running system.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

# They share a running system: see tests/e2e/conftest.py.
TOGETHER = {"tests/e2e/test_counts.py", "tests/e2e/test_hostile.py", "tests/e2e/test_whole_way.py"}


class ByFile(LoadFileScheduling):
    """pytest-xdist's ``loadfile``, with files that stay together."""

    def _split_scope(self, nodeid: str) -> str:
        path = super()._split_scope(nodeid)
        return "a system" if path in TOGETHER else path


def longest_first(items: list[pytest.Item]) -> None:
    """Sort the files by the time that they ask for, so that no worker is left alone with a long one at the end."""
    longest: dict[Path, float] = {}
    for item in items:
        longest[item.path] = max(longest.get(item.path, 0), _time_asked_for(item))
    items.sort(key=lambda item: -longest[item.path])


def _time_asked_for(item: pytest.Item) -> float:
    """Its timeout. What drives a browser or a whole system takes long even where it asks for no more than others."""
    if (mark := item.get_closest_marker("timeout")) and mark.args[0] > 120:
        return float(mark.args[0])
    return 120.0 if item.get_closest_marker("browser") or item.get_closest_marker("e2e") else 0.0
