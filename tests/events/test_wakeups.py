"""Wake-ups: one on its way is enough, and a lost one is noticed. (A dead broker: tests/e2e.)"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from amqp.exceptions import ChannelError
from celery import current_app
from django.db import transaction
from django.db.models import F

from postbox.events import wakeups
from postbox.events.models import Wakeup
from postbox.events.sweep import missed, sweep
from tests.people import deliver, known_agent, mail

pytestmark = pytest.mark.django_db(transaction=True)


SET = wakeups._SET


@pytest.fixture(autouse=True)
def _rows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # No flag grows stale because the machine stands still.
    monkeypatch.setattr(wakeups, "_SET", SET.replace(wakeups._STALE_AFTER, "1 minute"))
    wakeups.ensure_rows()
    _purge()
    yield
    wakeups.end()
    _purge()


def _purge() -> None:
    with current_app.connection_for_write() as broker:
        for queue in ("ingest", "webhooks"):
            broker.default_channel.queue_declare(queue)
            broker.default_channel.queue_purge(queue)


def waiting(queue: str) -> int:
    """How many tasks lie in a queue of the real broker."""
    with current_app.connection_for_write() as broker:
        try:
            return int(broker.default_channel.queue_declare(queue, passive=True).message_count)
        except ChannelError:  # an empty queue does not exist in Redis
            return 0


def eventually(check: Any, seconds: float = 15.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if check():
            return True
        time.sleep(0.02)
    return bool(check())


def test_while_one_is_on_its_way_no_other_is_sent() -> None:
    assert wakeups.publish("ingest")
    assert not wakeups.publish("ingest")
    assert waiting("ingest") == 1
    wakeups.clear("ingest")
    assert wakeups.publish("ingest")
    assert waiting("ingest") == 2


def test_a_flag_that_was_lost_with_its_broker_grows_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "_SET", SET)
    assert wakeups.publish("ingest")
    _purge()
    assert waiting("ingest") == 0  # the fault: the flag says waiting, and nothing waits
    Wakeup.objects.update(waiting_since=F("waiting_since") - timedelta(seconds=2.1))
    assert wakeups.publish("ingest")
    assert waiting("ingest") == 1


def test_waking_waits_for_the_commit_and_a_rollback_wakes_nobody() -> None:
    with transaction.atomic():
        wakeups.wake("ingest")
        time.sleep(0.05)
        assert waiting("ingest") == 0
    assert eventually(lambda: waiting("ingest") == 1)
    wakeups.clear("ingest")
    _purge()
    with transaction.atomic():
        wakeups.wake("ingest")
        transaction.set_rollback(True)
    time.sleep(0.2)
    assert waiting("ingest") == 0


def test_a_burst_costs_one_task() -> None:
    robin = known_agent()
    for _ in range(20):
        deliver(mail(), robin.address)
    assert eventually(lambda: waiting("ingest") == 1)
    time.sleep(0.1)
    assert waiting("ingest") == 1


def test_the_sweep_wakes_what_waits_without_a_wakeup() -> None:
    robin = known_agent()
    deliver(mail(), robin.address)
    assert eventually(lambda: waiting("ingest") == 1)
    _purge()
    Wakeup.objects.update(waiting_since=None)
    assert missed()
    assert "ingest" in sweep()
    assert waiting("ingest") == 1
    assert not missed()
