"""The arithmetic of the benchmark, and its reading of /proc."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.bench import figures, phases, processes

_NUMBERS = st.floats(-1e6, 1e6)


def test_percentiles_are_by_nearest_rank() -> None:
    values = list(range(1, 101))
    assert [figures.percentile(values, share) for share in (0.5, 0.99, 1.0)] == [50, 99, 100]
    assert figures.percentile([7.0], 0.5) == 7.0
    with pytest.raises(ValueError, match="no values"):
        figures.percentile([], 0.5)


@given(st.lists(_NUMBERS, min_size=1), st.floats(0, 1))
def test_a_percentile_is_one_of_the_values_and_has_its_share_below(values: list[float], share: float) -> None:
    found = figures.percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6


@given(st.floats(-100, 100), st.floats(-100, 100))
def test_the_slope_of_a_line_is_its_own(rise: float, start: float) -> None:
    points = [(float(x), start + rise * x) for x in range(10)]
    assert figures.slope(points) == pytest.approx(rise, abs=1e-6)


def test_memory_that_grows_is_seen() -> None:
    samples = [(1000 * step, {"web": 50.0, "worker": 100.0 + step}) for step in range(100)]
    grown = phases.growth(samples)
    assert grown["per_1000_mails"] == pytest.approx(1.0)
    assert grown["last_decile"] - grown["first_decile"] == pytest.approx(90)
    assert grown["by_kind"]["web"] == [50.0, 50.0]


def test_the_machine_is_named() -> None:
    machine = figures.machine()
    assert machine["cores"] >= 1
    assert machine["cpu"]


@pytest.mark.skipif(not processes.supported(), reason="no /proc here")
def test_a_childs_cores_and_memory_are_counted_by_its_log_even_after_its_end(tmp_path: Path) -> None:
    script = (
        "import os, subprocess, sys, time\n"
        "subprocess.run([sys.executable, '-c', 'x = 0\\nfor i in range(10**7): x += i'])\n"
        "print('burnt', flush=True); sys.stdin.read()"
    )
    log = tmp_path / "worker-test.log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=output)
    try:
        deadline = time.monotonic() + 30
        while b"burnt" not in log.read_bytes() and time.monotonic() < deadline:
            time.sleep(0.02)
        kinds = processes.tree(os.getpid())
        assert kinds[process.pid] == "worker-test"
        assert processes.cpu_seconds(kinds)["worker-test"] > 0.1, "the grandchild's time is kept"
        assert processes.memory_mb(kinds)["worker-test"] > 1
    finally:
        process.communicate()
    assert processes.cpu_seconds({process.pid: "gone"}) == {}


def test_core_ms_is_the_difference_a_mail() -> None:
    assert processes.core_ms({"web": 1.0}, {"web": 3.0, "new": 1.0}, 1000) == {"web": 2.0, "new": 1.0, "total": 3.0}
