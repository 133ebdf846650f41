"""Which tests stay together on one worker of a run, and the order in which workers take them.

A file stays together, and so do files that share a running system.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

# The last of the files that chiefly wait is begun when so much of the others is.
_WAITED_FOR_BY = 0.8
# They share a running system: see tests/e2e/conftest.py.
TOGETHER = {"tests/e2e/test_counts.py", "tests/e2e/test_hostile.py", "tests/e2e/test_whole_way.py"}


class ByFile(LoadFileScheduling):  # type: ignore[misc]
    """pytest-xdist's ``loadfile``, with files that stay together."""

    def _split_scope(self, nodeid: str) -> str:
        path: str = super()._split_scope(nodeid)
        return "a system" if path in TOGETHER else path


def mixed(items: list[pytest.Item]) -> None:
    """Sort the files by the time that they ask for, so that no worker is left alone with a long one at the end.

    Those that chiefly wait, for a browser or a whole system, are spread among the others: then both cores are in use
    from the beginning, and few systems run at once.
    """
    longest: dict[Path, float] = {}
    waiting: set[Path] = set()
    for item in items:
        longest[item.path] = max(longest.get(item.path, 0), _time_asked_for(item))
        if _waits(item):
            waiting.add(item.path)
    files = sorted(longest, key=lambda path: -longest[path])
    place = _spread([path for path in files if path in waiting], _WAITED_FOR_BY)
    place |= _spread([path for path in files if path not in waiting], 1.0)
    items.sort(key=lambda item: place[item.path])


def _spread(files: list[Path], until: float) -> dict[Path, float]:
    return {path: until * number / len(files) for number, path in enumerate(files)}


def _waits(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("browser", "e2e"))


def _time_asked_for(item: pytest.Item) -> float:
    """Its timeout. What drives a browser or a whole system takes long even where it asks for no more than others."""
    if (mark := item.get_closest_marker("timeout")) and mark.args[0] > 120:
        return float(mark.args[0])
    return 120.0 if _waits(item) else 0.0
