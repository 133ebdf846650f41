"""``/metrics`` of a running system: one web process tells what all processes counted, and no count ever falls."""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.system import System, eventually
from tests.people import mail

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.timeout(240),
]


def total(system: System, name: str, **labels: str) -> float:
    """The sum over all series of that name with these labels."""
    with urllib.request.urlopen(f"{system.url}/metrics", timeout=30) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def test_all_processes_are_counted_and_a_dead_one_still_is(system: System) -> None:
    before = total(system, "postbox_mails_settled_total")
    refused = total(system, "postbox_mails_refused_total", reason="unknown_recipient")
    for _ in range(6):
        assert system.ingest(mail())[0] == 202
    assert system.ingest(mail(), to="nobody@agents.localhost")[0] == 202
    assert eventually(lambda: total(system, "postbox_mails_settled_total") == before + 6, 30)
    assert eventually(
        lambda: total(system, "postbox_mails_refused_total", reason="unknown_recipient") == refused + 1, 30
    )
    assert eventually(lambda: total(system, "postbox_mails_accepted_total", duplicate="false") >= 6, 30)
    assert total(system, "postbox_stage_seconds_count", step="parse") >= 6
    dead = system.pids("worker-ingest")
    for pid in dead:
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: system.pids("worker-ingest") and not dead & system.pids("worker-ingest"), 60)
    assert total(system, "postbox_mails_settled_total") == before + 6
    assert system.ingest(mail())[0] == 202
    assert eventually(lambda: total(system, "postbox_mails_settled_total") == before + 7, 60)


def test_every_worker_and_the_sweep_are_heard_of(system: System) -> None:
    def missing() -> object:
        with urllib.request.urlopen(f"{system.url}/readyz", timeout=30) as answer:
            return json.loads(answer.read())["missing"]

    assert eventually(lambda: missing() == {}, 60), missing()  # the first sweep comes 5 s after beat
    for worker in ("worker-ingest", "worker-webhooks", "worker-rest"):
        assert 0 < total(system, "postbox_worker_heard_seconds", worker=worker) < 60
    assert 0 < total(system, "postbox_sweep_age_seconds") < 60
