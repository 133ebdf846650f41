"""Nobody waits long for the reaper: others insert, list and change rows, also the very rows that it deletes.

The reaper is a process of its own. ``POSTBOX_TEST_RETENTION_MAILS=100000`` makes it the
measurement of docs/retention.md.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from postbox.lib import clock
from postbox.mail import listing
from postbox.mail.models import Message
from postbox.retention import batches, run
from tests.people import Known, deliver, known_agent, mail
from tests.retention.crowd import blobs_in, crowd, move_to
from tests.retention.test_crash import retention
from tests.retention.waits import Waits, without_a_core
from tests.stalls import thrice

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1200)]

MAILS = int(os.environ.get("POSTBOX_TEST_RETENTION_MAILS", "1000"))
WAIT_MS = 100
BEFORE_SECONDS = 1.0
OLD = datetime.now(UTC) - timedelta(days=100)


class Others(threading.Thread):
    """One connection that does one thing over and over and is refused whatever it would have to wait 100 ms for.

    ``seconds`` are what each call took but for the time in which it, or its backend, was ready and had no core.
    """

    def __init__(self, what: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.what = what
        self.seconds: list[float] = []
        self.whole: list[float] = []
        self.refused = 0
        self.ended = threading.Event()

    def run(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{WAIT_MS}ms'")
            cursor.execute("SELECT pg_backend_pid()::text")
            tasks = ("thread-self", str(cursor.fetchone()[0]))
        while not self.ended.wait(0.01):
            began, idle = time.perf_counter(), without_a_core(*tasks)
            try:
                self.what()
            except OperationalError as error:
                if "lock timeout" not in str(error):
                    raise
                self.refused += 1
            took = time.perf_counter() - began
            self.seconds.append(max(took - (without_a_core(*tasks) - idle), 0.0))
            self.whole.append(took)
        connection.close()

    def figures(self) -> dict[str, float]:
        ordered = sorted(self.seconds)
        at = {"p50": len(ordered) // 2, "p99": len(ordered) * 99 // 100, "max": len(ordered) - 1}
        figures = {name: round(ordered[place] * 1000, 1) for name, place in at.items()}
        return {"count": len(ordered), **figures, "max_with_waits_for_a_core": round(max(self.whole) * 1000, 1)}

    def forget(self) -> None:
        self.seconds.clear()
        self.whole.clear()


def others(robin: Known, ids: list[uuid.UUID]) -> dict[str, Others]:
    def write_old() -> None:
        place = random.randrange(len(ids))
        listing.mark_read(robin.agent.id, ids[place : place + 20])

    def write_first() -> None:
        """The rows that the reaper comes to next."""
        first = list(Message.objects.filter(agent=robin.agent).order_by("id").values_list("id", flat=True)[:50])
        Message.objects.filter(pk__in=first).update(read_at=clock.now())

    return {
        "insert": Others(lambda: deliver(mail(), robin.address)),
        "list": Others(lambda: list(listing._with_content(listing._visible(robin.agent.id, listing.Query()))[:51])),
        "update": Others(write_old),
        "update next": Others(write_first),
    }


@pytest.fixture(autouse=True)
def quick_turns() -> Iterator[None]:
    """Threads of this process hand over to each other sooner, so that they measure the database and not each other."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def held(robin: Known) -> uuid.UUID:
    return crowd(robin.agent, 1, OLD)[0]


@thrice
def test_a_wait_of_a_tenth_of_a_second_would_be_seen(robin: Known, held: uuid.UUID) -> None:
    """The probe itself: it is refused where somebody does hold a row for longer."""
    Message.objects.filter(pk=held).update(read_at=None)
    probe, waits = Others(lambda: listing.mark_read(robin.agent.id, [held])), Waits()
    with transaction.atomic():
        Message.objects.select_for_update().get(pk=held)
        waits.start()
        probe.start()
        time.sleep(0.5)
    probe.ended.set()
    probe.join(30)
    waits.stop()
    assert probe.refused > 0
    assert 50 < waits.longest_lock_ms < 150
    assert any(event.startswith("Lock:") for event, _ in waits.seen)


def held_up(robin: Known, bucket: Path) -> tuple[list[str], bool]:
    """Delete them all while others work; who was held up, and how, in words, and whether the machine stood still."""
    ids = crowd(robin.agent, MAILS, OLD)
    move_to(bucket, ids)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE messages")
    running = others(robin, ids)
    for thread in running.values():
        thread.start()
    time.sleep(BEFORE_SECONDS)
    before = {name: thread.figures() for name, thread in running.items()}
    for thread in running.values():
        thread.forget()
    waits = Waits()
    waits.start()
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(retention, bucket).result()
    seconds = time.monotonic() - began
    waits.stop()
    for thread in running.values():
        thread.ended.set()
    for thread in running.values():
        thread.join(30)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts["messages"] == counts["blobs"] == counts["events"] == MAILS
    assert blobs_in(bucket) == []
    figures = {name: thread.figures() for name, thread in running.items()}
    said = {"mails": MAILS, "seconds": round(seconds, 1), "before": before, "while": figures, "waits": waits.figures()}
    print(json.dumps(said))
    assert waits.looks > 20
    assert all(figure["count"] > 20 for figure in figures.values()), figures
    found = [f"a lock: {waits.figures()}"] if waits.longest_lock_ms >= WAIT_MS else []
    found += [f"refused: {name}" for name, thread in running.items() if thread.refused]
    found += [f"slow: {name} {figures}" for name, figure in figures.items() if figure["p99"] >= WAIT_MS]
    return found, waits.longest_look_ms >= WAIT_MS


def test_nobody_waits_a_tenth_of_a_second(robin: Known, bucket: Path) -> None:
    """Not in each of five times: who holds a lock and has no core, because other tests have them, holds it longer.

    A time in which the machine stood still does not count; there are fifteen at most.
    """
    times: list[tuple[list[str], bool]] = []
    while len(times) < 15 and sum(not stood_still for _, stood_still in times) < 5:
        times.append(held_up(robin, bucket))
        if not times[-1][0]:
            return
    pytest.fail(f"Somebody waited each time: {times}")


def plan(sql: str, values: dict[str, Any]) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (COSTS OFF) {sql}", values)
        return "\n".join(row[0] for row in cursor.fetchall())


def test_old_rows_are_found_by_their_ids(robin: Known, bucket: Path) -> None:
    """No index is there for retention's sake: an id is a time, so the primary key holds the old ones together."""
    crowd(robin.agent, 2000, OLD)
    crowd(known_agent("wren").agent, 8000, datetime.now(UTC) - timedelta(days=10), spooled=True)
    values = batches.bounds(run.cutoff_of(90), None) | {"limit": 100, "still": True}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with transaction.atomic():
        batches._begin()
        for sql, index in ((batches.PICK_MESSAGES, "messages_pkey"), (batches.PICK_EVENTS, "events_pkey")):
            found = plan(sql, values)
            assert f"Index Scan using {index}" in found, found
            assert "Sort" not in found, found
            assert "Join" not in found, found
