"""Processes as the kernel sees them, for tests that end some and prove it. Linux."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from postbox.config.up.home import Home


def alive(pid: int) -> bool:
    """Whether the process runs: neither gone nor a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def descendants(pid: int) -> set[int]:
    """All processes below this one."""
    children: dict[int, set[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, set()).add(int(entry.name))
    found: set[int] = set()
    left = {pid}
    while left:
        left = set().union(*(children.get(one, set()) for one in left)) - found
        found |= left
    return found


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> bool:
    """Whether the condition comes true within that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextlib.contextmanager
def fresh_home() -> Iterator[Home]:
    """A home that other users can pass into, as PostgreSQL runs as another user under root (pytest's folders
    are not).
    """
    with tempfile.TemporaryDirectory(prefix="postbox-test-") as folder:
        home = Home(Path(folder))
        home.prepare()
        yield home
