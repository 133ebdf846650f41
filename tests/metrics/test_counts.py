"""Counts of many threads and processes come to one sum; nothing is lost when writing fails."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest
from django.db import DatabaseError, connection

from postbox.metrics import counts, writer
from postbox.metrics.counts import HELD, MOST_SERIES, OTHER, Counter, Held, Histogram, rows_of
from postbox.metrics.models import Sample

TESTED = Counter("test_things", "Things.", ("kind",))
TIMED = Histogram("test_seconds", "Time.", ("kind",), buckets=(0.1, 1.0))


def samples(name: str) -> dict[str, float]:
    return dict(Sample.objects.filter(name=name).values_list("labels", "value"))


@pytest.mark.django_db
def test_counts_are_added_to_the_rows() -> None:
    writer.write()
    TESTED.inc("a")
    TESTED.inc("a", by=2)
    TIMED.observe(0.05, "x")
    TIMED.observe(0.1, "x")
    TIMED.observe(5.0, "x")
    writer.write()
    TESTED.inc("a")
    writer.write()
    assert samples("test_things") == {'["a"]': 4.0}
    assert samples("test_seconds") == {'["x", "0"]': 2.0, '["x", "2"]': 1.0, '["x", ""]': pytest.approx(5.15)}


@pytest.mark.django_db
def test_what_cannot_be_written_is_held_on_to() -> None:
    writer.write()
    TESTED.inc("a")
    TIMED.observe(0.5, "x")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE metric_samples RENAME TO gone")
        with pytest.raises(DatabaseError):
            writer.write()
        TESTED.inc("a")
        TIMED.observe(0.5, "x")
        cursor.execute("ALTER TABLE gone RENAME TO metric_samples")
    writer.write()
    assert samples("test_things") == {'["a"]': 2.0}
    assert samples("test_seconds") == {'["x", "1"]': 2.0, '["x", ""]': 1.0}


@pytest.mark.django_db(transaction=True)
def test_a_thread_writes_by_itself_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    writer.end()
    monkeypatch.setattr(writer, "EVERY_SECONDS", 0.05)
    TESTED.inc("thread")
    thread = writer._current
    assert thread is not None
    thread.join(30)
    assert not thread.is_alive()
    assert samples("test_things")['["thread"]'] == 1.0
    TESTED.inc("thread")  # the next count starts another
    writer.end()
    assert samples("test_things")['["thread"]'] == 2.0
    TESTED.inc("thread")
    writer.end()
    assert samples("test_things")['["thread"]'] == 3.0


def test_threads_lose_nothing() -> None:
    held = Held()

    def count() -> None:
        for _ in range(5_000):
            held.add(("n",), 1.0)
            held.observe(("t",), 0, 2, 0.5)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held.take() == ({("n",): 20_000.0}, {("t",): [20_000.0, 0.0, 10_000.0]})


def test_endless_labels_end_in_one_series() -> None:
    held = Held()
    for number in range(MOST_SERIES + 300):
        held.add(("n", str(number)), 1.0)
        held.observe(("t", str(number)), 0, 1, 0.1)
    values, times = held.take()
    assert len(values) == len(times) == MOST_SERIES + 1
    assert values["n", OTHER] == times["t", OTHER][0] == 300.0


def test_a_fork_begins_with_nothing_even_when_the_lock_was_held() -> None:
    counts.HELD.add(("forked",), 1.0)
    with HELD._lock:
        pid = os.fork()
        if pid == 0:
            try:
                values, _ = HELD.take()  # would hang on the parent's lock
                os._exit(0 if not values else 1)
            finally:
                os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert ("forked",) in HELD.take()[0]


def test_rows_are_in_one_order() -> None:
    values: dict[Any, float] = {("b", "x"): 1.0, ("a", "z"): 1.0, ("a", "y"): 1.0}
    assert [row[:2] for row in rows_of(values, {})] == [("a", '["y"]'), ("a", '["z"]'), ("b", '["x"]')]
