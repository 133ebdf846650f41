"""``/readyz`` names what is missing, and mail is taken in without broker and workers."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from postbox.config import health
from postbox.events.sweep import Watch, sweep
from postbox.lib import clock
from postbox.lib.envelope import MasterKeys
from postbox.metrics import heartbeat
from tests.people import known_agent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def all_heard(settings: Any) -> None:
    for name in settings.POSTBOX_WORKERS:
        heartbeat.beat(name)
    sweep()


def ready() -> tuple[int, dict[str, Any]]:
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()


def test_nothing_is_missing(all_heard: None) -> None:
    known_agent()
    assert ready() == (200, {"status": "ok", "missing": {}})


def test_workers_that_were_never_heard_of_are_named(settings: Any) -> None:
    status, said = ready()
    assert (status, said["status"]) == (200, "degraded")
    assert said["missing"] == dict.fromkeys([*settings.POSTBOX_WORKERS, "sweep"], "not heard of yet")


def test_workers_that_fell_silent_are_named(all_heard: None, settings: Any) -> None:
    with clock.frozen(clock.now() + timedelta(seconds=90)):
        heartbeat.beat("worker-rest")
        status, said = ready()
    assert (status, said["status"]) == (200, "degraded")
    assert set(said["missing"]) == {"worker-ingest", "worker-webhooks", "sweep"}
    assert "not heard of for 9" in said["missing"]["worker-ingest"]


def test_a_worker_is_heard_of_as_soon_as_it_watches() -> None:
    watch = Watch("worker-ingest")
    watch.stop()
    watch.start()
    watch.join(30)
    assert not watch.is_alive()
    assert list(heartbeat.heard()) == ["worker-ingest"]


def test_a_master_key_that_opens_nothing_takes_no_mail(all_heard: None, settings: Any) -> None:
    known_agent()
    assert ready()[0] == 200
    settings.POSTBOX_MASTER_KEYS = MasterKeys(base64.b64encode(b"x" * 32).decode())
    status, said = ready()
    assert (status, said["status"]) == (503, "unavailable")
    assert list(said["missing"]) == ["master_key"]


def test_the_broker_is_missed_and_needed_by_nobody(all_heard: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from celery import current_app

    monkeypatch.setattr(current_app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    assert health.broker_problem()
    assert ready() == (200, {"status": "degraded", "missing": {"broker": "the broker does not answer"}})
