"""RabbitMQ as the broker by its URL: wake-ups arrive, none is needed, and a broker that dies loses nothing."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator

import pytest

from tests import rabbitmq
from tests.e2e.system import System, eventually, running
from tests.e2e.test_faults import CLAIMED, SETTLED, accept, all_settled, seconds_to_accept

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def broker() -> Iterator[rabbitmq.RabbitMQ]:
    if not rabbitmq.installed():
        assert not os.environ.get("CI"), "the Debian package rabbitmq-server is not installed"
        pytest.skip("the Debian package rabbitmq-server is not installed")
    with rabbitmq.running() as started:
        yield started


@pytest.fixture(scope="module")
def system(broker: rabbitmq.RabbitMQ) -> Iterator[System]:
    with running(BROKER_URL=broker.url, POSTBOX_TEST_SHORT_LEASES="on") as started:
        assert not started.pids("valkey-server"), "the embedded broker runs beside"
        yield started


def test_a_wake_up_arrives_before_any_sweep(system: System) -> None:
    first = accept(system, 1)
    assert eventually(lambda: all_settled(system, first), SETTLED)
    took = []
    for _ in range(5):
        began = time.monotonic()
        ids = accept(system, 1)
        assert eventually(lambda ids=ids: all_settled(system, ids), 30)  # type: ignore[misc]
        took.append(time.monotonic() - began)
    assert sorted(took)[2] < 2, f"the sweep comes every 5 s, so this was no wake-up: {took}"


def test_wake_ups_thrown_away_with_mail_waiting(system: System, broker: rabbitmq.RabbitMQ) -> None:
    system.signal("worker-ingest", signal.SIGSTOP)
    try:
        # The first wake-ups lie with the stopped worker already, as many as it may have; later ones wait in the broker.
        ids: set[str] = set()
        for _ in range(8):
            ids |= accept(system, 5)
            if eventually(lambda: broker.count("ingest") > 0, 2.2):
                break
        assert broker.count("ingest") > 0
        broker.purge("ingest")
        assert broker.count("ingest") == 0
        assert system.count("status = 'received'") == len(ids)
    finally:
        system.signal("worker-ingest", signal.SIGCONT)
    assert eventually(lambda: all_settled(system, ids), SETTLED)


def test_the_broker_killed_while_mail_is_accepted(system: System, broker: rabbitmq.RabbitMQ) -> None:
    usual = seconds_to_accept(system, 20)
    broker.kill()
    assert not broker.answers()
    began = time.monotonic()
    ids = accept(system, 20)
    assert time.monotonic() - began < max(8, 3 * usual), "a dead broker held up the door"
    broker.start()
    ids |= accept(system, 5)
    assert eventually(lambda: all_settled(system, ids), SETTLED)


def test_a_worker_killed_with_a_wake_up_in_its_hands(system: System) -> None:
    before = system.pids("worker-ingest")
    with system.locked("verdicts"):  # its task cannot end, nor its wake-up be acknowledged
        ids = accept(system, 30)
        assert eventually(lambda: system.count(CLAIMED) > 0, 30)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: system.pids("worker-ingest") and not before & system.pids("worker-ingest"), 30)
        assert system.count(CLAIMED) > 0
    assert eventually(lambda: all_settled(system, ids), SETTLED)
