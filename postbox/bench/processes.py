"""Who uses the cores and the memory: every process of a running system, by the kind of work it does.

Decides a process's kind by the log that it writes to, which ``postbox up`` names after the service. Reads /proc, so it
works on Linux alone; elsewhere there are no figures, and the benchmark says so.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
SUPERVISOR = "supervisor"


def supported() -> bool:
    """Whether this system has the files that are read here."""
    return Path("/proc/self/smaps_rollup").exists()


def tree(root: int) -> dict[int, str]:
    """Every process of the tree under ``root`` with its kind."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found, open_ = {root: SUPERVISOR}, [root]
    while open_:
        pid = open_.pop()
        for child in children.get(pid, ()):
            found[child] = _kind(child) or found[pid]
            open_.append(child)
    return found


def cpu_seconds(kinds: Mapping[int, str]) -> dict[str, float]:
    """CPU time by kind, children that have ended included, so that no time is lost between two readings."""
    seconds: dict[str, float] = defaultdict(float)
    for pid, kind in kinds.items():
        fields = _stat(pid)
        if fields:
            seconds[kind] += sum(map(int, fields[11:15])) / _TICKS  # utime, stime, cutime, cstime
    return seconds


def memory_mb(kinds: Mapping[int, str]) -> dict[str, float]:
    """Proportional set size by kind, in MB of 2**20 octets."""
    sizes: dict[str, float] = defaultdict(float)
    for pid, kind in kinds.items():
        sizes[kind] += _pss(pid) / 1024
    return sizes


def core_ms(before: Mapping[str, float], after: Mapping[str, float], mails: int) -> dict[str, float]:
    """Core-milliseconds a mail by kind and in all, between two readings."""
    spent = {kind: (after[kind] - before.get(kind, 0.0)) * 1000 / mails for kind in sorted(after)}
    return {kind: round(value, 3) for kind, value in (spent | {"total": sum(spent.values())}).items()}


def _kind(pid: int) -> str:
    try:
        log = Path(os.readlink(f"/proc/{pid}/fd/1"))
    except OSError:
        return ""
    return log.stem if log.suffix == ".log" else ""


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            yield int(entry.name), int(fields[1])


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on (proc(5), field 3); empty for a process that is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
