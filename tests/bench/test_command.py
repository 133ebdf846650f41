"""`postbox bench` as its user runs it, small."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from postbox.bench import processes

# Chiefly waits, which are longer on a busy machine.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
ROOT = Path(__file__).resolve().parents[2]


def bench(*arguments: str, folder: Path) -> dict[str, Any]:
    """The one line that it prints."""
    quick = {"POSTBOX_TEST_SHORT_LEASES": "on"}  # what waits for the next look at the spool waits for less long
    environment = os.environ | quick | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "postbox", "bench", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=220, env=environment, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    measured: dict[str, Any] = json.loads(line)
    assert not list(folder.glob("postbox-bench-*")), "its home is gone"
    return measured


@pytest.mark.skipif(not processes.supported(), reason="no /proc here")
def test_the_whole_benchmark_finds_every_mail_at_its_sink(tmp_path: Path) -> None:
    measured = bench("--mails", "30", "--connections", "4", folder=tmp_path)
    system, floor = measured["system"], measured["floor"]
    assert (system["accepted"], system["lost"], system["failed"]) == (30, 0, 0)
    assert system["signatures_checked"] >= 1
    assert {"web", "worker-ingest", "worker-webhooks", "worker-rest", "beat", "postgres", "valkey"} <= set(
        system["core_ms"]
    )
    assert {"load generator", "sink"} <= set(system["core_ms"])
    assert len(floor["runs"]) == 2
    assert measured["ratio"] == pytest.approx(system["mails_per_second"] / floor["mails_per_second"], abs=0.001)
    assert 0 < measured["latency_ms"]["accept"]["p50"] < measured["latency_ms"]["webhook"]["p50"]
    assert measured["idle_memory_mb"]["total"] > 50
    assert measured["postgres"]["fsync"] == measured["postgres"]["synchronous_commit"] == "on"
    assert set(measured["stage_core_ms"]) >= {"parse", "distil", "score", "rules", "seal"}
    assert system["spool_drain"]["left"] == 0


def test_the_floor_runs_by_itself(tmp_path: Path) -> None:
    measured = bench("--mails", "30", "--floor-only", folder=tmp_path)
    assert "system" not in measured
    assert measured["floor"]["mails_per_second"] > 0


@pytest.mark.skipif(not processes.supported(), reason="no /proc here")
def test_both_doors_are_compared_in_one_run(tmp_path: Path) -> None:
    doors = bench("--mails", "20", "--connections", "4", "--doors", folder=tmp_path)["doors"]
    assert (doors["lost"], doors["failed"]) == (0, 0)
    assert [run["accepted"] for door in ("ingest", "lmtp") for run in doors[door]["runs"]] == [20] * 4
    speeds = [doors[door]["mails_per_second"] for door in ("ingest", "lmtp")]
    assert doors["ratio"] == pytest.approx(speeds[1] / speeds[0], abs=0.01)
    assert all(run["core_ms"]["lmtp"] > 0 for run in doors["lmtp"]["runs"])


@pytest.mark.skipif(not processes.supported(), reason="no /proc here")
def test_sending_finds_every_mail_at_its_server_once(tmp_path: Path) -> None:
    measured = bench("--outbound", "40", folder=tmp_path)["outbound"]
    assert set(measured) == {"aiosmtpd", "counting"}
    for server in measured.values():
        floor = server["floor"]
        assert len(floor["runs"]) == 2
        for run in ("whole", "shipping"):
            found = server[run]
            assert (found["accepted"], found["lost"], found["duplicates"], found["failed"]) == (40, 0, 0, 0)
            ratio = found["mails_per_second"] / floor["mails_per_second"]
            assert server[f"{run}_ratio"] == pytest.approx(ratio, abs=0.001)
            assert found["core_ms"]["worker-rest"] > 0
        assert 0 < server["whole"]["accept_ms"]["p50"] <= server["whole"]["to_250_ms"]["p50"]
