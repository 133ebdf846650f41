"""The threads that post and settle: woken again, ended, cut off from the database."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection

from postbox.events import wakeups
from postbox.events.models import Wakeup
from postbox.lib import clock
from postbox.lib.egress import Client
from tests.people import Known
from tests.receiver import Reaction, Receiver
from tests.webhooks.scene import Post, endpoint_of, happen
from webhooks import claim, engine, lanes, schedule, work
from webhooks.engine import Engine
from webhooks.models import Attempt, Delivery, DeliveryState
from webhooks.outcomes import SLOW_AFTER

pytestmark = pytest.mark.django_db(transaction=True)


def is_woken(within: float) -> bool:
    """Whether a wake-up for webhooks is published in time."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if Wakeup.objects.filter(work="webhooks", waiting_since__isnull=False).exists():
            return True
        time.sleep(0.02)
    return False


def test_a_retry_that_is_near_wakes_a_worker(
    robin: Known, receiver: Receiver, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "DELAYS", [timedelta(seconds=1.5), *schedule.DELAYS[1:]])
    receiver.script(Reaction(500))
    endpoint_of(robin, receiver.url)
    happen(robin)
    post.work()
    wakeups.clear("webhooks")
    assert not is_woken(0.5) or clock.now() >= Delivery.objects.get().not_before, "not at once"
    assert is_woken(15.0)
    time.sleep(max(0.0, (Delivery.objects.get().not_before.timestamp()) - time.time()))
    post.work()
    assert Delivery.objects.get().state == DeliveryState.DELIVERED


def test_what_was_left_for_want_of_room_wakes_a_worker(robin: Known, receiver: Receiver, engine: Engine) -> None:
    receiver.hold()
    endpoint_of(robin, receiver.url)
    happen(robin, claim.PER_ENDPOINT + 10)
    began = time.monotonic()
    work.run(engine)
    receiver.wait_in_hand(lanes.FIRST_WINDOW)
    left = Delivery.objects.filter(lease_token=None).count()
    assert left == 10 or time.monotonic() - began > SLOW_AFTER, "there was no room for these"
    wakeups.clear("webhooks")
    receiver.let_go()
    assert is_woken(15.0)
    for _ in range(3):
        work.run(engine)
        assert engine.wait_until_quiet(30)
    assert Delivery.objects.filter(state=DeliveryState.DELIVERED).count() == claim.PER_ENDPOINT + 10


def test_closing_gives_back_what_was_not_started(robin: Known, receiver: Receiver) -> None:
    ending = Engine(Client(allow_loopback=True))
    receiver.hold()
    endpoint_of(robin, receiver.url)
    happen(robin, 20)
    work.run(ending)
    receiver.wait_in_hand(lanes.FIRST_WINDOW)
    assert not ending.close(0.5), "four still hang"
    free = Delivery.objects.filter(lease_token=None)
    assert free.count() == 20 - lanes.FIRST_WINDOW
    assert set(free.values_list("attempts", flat=True)) == {0}
    receiver.let_go()
    ending.settler.join()
    assert len(receiver.requests) == lanes.FIRST_WINDOW, "nothing was started any more"


def test_closing_waits_for_what_is_nearly_done(robin: Known, receiver: Receiver) -> None:
    receiver.hold()
    ending = Engine(Client(allow_loopback=True))
    endpoint_of(robin, receiver.url)
    happen(robin, 3)
    work.run(ending)
    receiver.wait_in_hand(3)
    assert not Attempt.objects.exists(), "none is settled yet"
    threading.Timer(0.3, receiver.let_go).start()
    assert ending.close(30)
    assert Delivery.objects.filter(state=DeliveryState.DELIVERED).count() == 3


def test_a_cut_database_connection_loses_no_result(
    robin: Known, receiver: Receiver, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint_of(robin, receiver.url)
    happen(robin)
    post.work()  # the settler has a connection now
    receiver.hold()
    happen(robin)
    work.run(post.engine)
    receiver.wait_in_hand(1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] >= 1, "there was a connection to cut"
    receiver.let_go()
    assert post.engine.wait_until_quiet(30)
    assert "not_settled" in caplog.text, "the settler ran into it"
    assert Delivery.objects.filter(state=DeliveryState.DELIVERED).count() == 2
    assert len(receiver.requests) == 2


def test_a_second_run_in_the_process_leaves_the_looking_to_the_first() -> None:
    turn = work._Turn()
    assert turn.take()
    assert not turn.take(), "the first has it"
    assert not turn.end(), "and looks once more for the second"
    assert turn.end()
    assert turn.take()


def test_each_process_has_one_engine() -> None:
    assert engine.current() is engine.current()
    before = engine.current()
    engine.close()
    assert engine.current() is not before
    engine.close()
