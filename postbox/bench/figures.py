"""Arithmetic on measurements, and the words for the machine that they were taken on.

Decides how a percentile, a slope and a decile are computed; measures nothing itself.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` (0..1) of the values do not exceed (nearest rank)."""
    if not values:
        raise ValueError("no values, no percentile")
    ordered = sorted(values)
    rank = -(-len(ordered) * share // 1)
    return ordered[max(0, min(len(ordered), int(rank)) - 1)]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """How much y grows for one of x, by least squares; 0 for fewer than two different x."""
    if not points:
        return 0.0
    mean_x, mean_y = fmean(x for x, _ in points), fmean(y for _, y in points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def deciles(values: Sequence[float]) -> tuple[float, float]:
    """The means of the first and of the last tenth of the values, each of one value at least."""
    if not values:
        raise ValueError("no values, no deciles")
    tenth = max(1, len(values) // 10)
    return fmean(values[:tenth]), fmean(values[-tenth:])


def latency(seconds: Sequence[float]) -> dict[str, float]:
    """Median and tail of a series of durations, in milliseconds."""
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {name: round(percentile(seconds, share) * 1000, 1) for name, share in shares.items()}


def machine() -> dict[str, Any]:
    """Processor, cores that this process may use, memory, kernel and Python."""
    return {
        "cpu": _from_proc("cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(int((_from_proc("meminfo", "MemTotal") or "0").split()[0]) / 1024**2, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _from_proc(file: str, name: str) -> str:
    try:
        lines = Path("/proc", file).read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
