"""What breaks underneath, and that no accepted mail is lost by it. Each test first proves that its fault landed."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

import pytest
import redis

from tests.e2e.system import System, eventually, running
from tests.people import mail

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.timeout(300),
]
SETTLED = 90.0
CLAIMED = "status = 'received' AND lease_token IS NOT NULL"


@pytest.fixture(autouse=True)
def _afresh(system: System) -> Iterator[None]:
    """Every test begins with nothing waiting and leaves the system as it found it."""
    assert eventually(lambda: system.count("status = 'received'") == 0, SETTLED)
    yield
    assert eventually(lambda: system.call("/list")[0] == 200, 30)


def accept(system: System, count: int, text: str = "How are you?") -> set[str]:
    """Mails that were acknowledged: their ids."""
    ids = set()
    for _ in range(count):
        status, answer = system.ingest(mail(text=text))
        assert status == 202, answer
        ids.add(answer["messages"][0]["id"])
    return ids


def seconds_to_accept(system: System, count: int) -> float:
    """What the door takes for so many mails now, on a machine that may be busy with other things."""
    began = time.monotonic()
    accept(system, count)
    return time.monotonic() - began


def all_settled(system: System, ids: set[str]) -> bool:
    rows = system.query("SELECT count(*) FROM messages WHERE status <> 'received' AND id = ANY(%s)", list(ids))
    return bool(rows[0][0] == len(ids))


def test_a_worker_killed_in_the_middle_of_a_batch(system: System) -> None:
    # A batch takes milliseconds, and a look at it may come after it. Nobody can settle one while its table is locked.
    with system.locked("verdicts"):
        ids = accept(system, 20)
        assert eventually(lambda: system.count(CLAIMED) > 0, 30), "no batch was ever seen in the middle"
        killed = system.pids("worker-ingest") - {system.main_pid("worker-ingest")}
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        assert killed
        assert eventually(lambda: not killed & system.pids("worker-ingest"), 30)
        assert system.count(CLAIMED) > 0, "the batch was settled before its worker died"
    assert eventually(lambda: all_settled(system, ids), SETTLED)
    assert system.count(f"status = 'processed' AND id = ANY('{{{','.join(ids)}}}')") == len(ids)


def test_the_broker_flushed_with_mail_waiting(system: System) -> None:
    system.signal("worker-ingest", signal.SIGSTOP)
    try:
        ids = accept(system, 10)
        time.sleep(2.5)  # the first wake-up is in the stopped worker's socket; a later one waits in the broker
        ids |= accept(system, 10)
        assert eventually(lambda: system.broker().llen("ingest") > 0, 30)
        system.broker().flushall()
        assert system.broker().dbsize() == 0
        assert system.count("status = 'received'") == len(ids)
    finally:
        system.signal("worker-ingest", signal.SIGCONT)
    assert eventually(lambda: all_settled(system, ids), SETTLED)


def test_the_broker_hanging_while_mail_is_accepted(system: System) -> None:
    usual = seconds_to_accept(system, 20)
    system.signal("valkey-server", signal.SIGSTOP)
    try:
        with pytest.raises(redis.RedisError):
            system.broker(1.0).ping()
        began = time.monotonic()
        ids = accept(system, 20)
        assert time.monotonic() - began < max(8, 3 * usual), "a hanging broker held up the door"
    finally:
        system.signal("valkey-server", signal.SIGCONT)
    assert eventually(lambda: all_settled(system, ids), SETTLED)


def test_the_broker_killed_while_mail_is_accepted(system: System) -> None:
    before = system.signal("valkey-server", signal.SIGKILL)
    ids = accept(system, 20)
    assert eventually(lambda: system.pids("valkey-server"), 30)
    assert not before & system.pids("valkey-server")
    ids |= accept(system, 5)
    assert eventually(lambda: all_settled(system, ids), SETTLED)


def test_postgresql_restarted_under_load(system: System) -> None:
    accepted: set[str] = set()
    refused: list[int] = []
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            raw = mail()
            for _ in range(400):  # the sender keeps its mail until it is told that it was taken
                status, answer = system.ingest(raw)
                if status == 202:
                    accepted.add(answer["messages"][0]["id"])
                    break
                refused.append(status)
                time.sleep(0.05)

    loader = threading.Thread(target=load)
    loader.start()
    try:
        assert eventually(lambda: len(accepted) > 20, 30)
        before = system.main_pid("postgres")
        os.kill(before, signal.SIGINT)
        assert eventually(lambda: (pids := system.pids("postgres")) and min(pids) != before, 30)
        seen = len(accepted)
        assert eventually(lambda: len(accepted) > seen + 20, 60)
    finally:
        stop.set()
        loader.join(60)
    assert set(refused) <= {503}, f"a sender that gets anything else may give up: {set(refused)}"
    assert eventually(lambda: all_settled(system, accepted), SETTLED)


def test_everything_killed_at_once_loses_nothing_that_was_accepted() -> None:
    with running(POSTBOX_TEST_SHORT_LEASES="on") as first:
        first.signal("worker-ingest", signal.SIGSTOP)
        ids = accept(first, 30)
        assert first.count("status = 'received'") == 30
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait()
        assert eventually(lambda: not first.pids("postgres"), 30)
        again = System(first.home, POSTBOX_TEST_SHORT_LEASES="on")
        try:
            assert eventually(lambda: all_settled(again, ids), SETTLED)
        finally:
            assert again.stop() < 20


def test_a_mail_that_kills_its_process_ends_in_quarantine_and_costs_its_batch_nothing() -> None:
    crash = {"POSTBOX_CRASH_AT": "ingest.examine=kingfisher", "POSTBOX_TEST_SHORT_LEASES": "on"}
    with running(**crash) as system:
        before = system.pids("worker-ingest")
        system.signal("worker-ingest", signal.SIGSTOP)
        good = accept(system, 5)
        (poison,) = accept(system, 1, text="kingfisher")
        good |= accept(system, 5)
        system.signal("worker-ingest", signal.SIGCONT)
        assert eventually(lambda: before - system.pids("worker-ingest"), 30), "no process was killed"
        assert eventually(lambda: all_settled(system, good | {poison}), 150)
        rows = dict(system.query("SELECT id::text, status FROM messages"))
        assert rows.pop(poison) == "quarantined"
        assert set(rows.values()) == {"processed"}
        verdict = system.query("SELECT step, code FROM verdicts WHERE message_id = %s", poison)
        assert verdict == [("parse", "killed_worker")]
