"""What expires beside mail: secrets, endpoints, sessions, wake-ups; and when the task runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings as configured
from django.contrib.sessions.models import Session
from django.utils import timezone

from postbox.events.models import Event, Wakeup
from postbox.lib import clock
from postbox.retention import run, tasks
from postbox.retention.models import Run
from tests.people import Known
from tests.retention.crowd import crowd
from tests.retention.test_run import reap
from tests.webhooks.scene import endpoint_of, happen
from webhooks import endpoint_secrets, endpoints
from webhooks.models import Delivery, Endpoint, EndpointSecret, EndpointState

pytestmark = pytest.mark.django_db(transaction=True)

OLD = datetime.now(UTC) - timedelta(days=100)


def test_secrets_go_when_their_grace_is_over(robin: Known, bucket: Path) -> None:
    endpoint, _ = endpoint_of(robin, "https://robin.example/hook")
    endpoint_secrets.rotate(endpoint, timedelta(hours=1))
    with clock.frozen(clock.now() + timedelta(minutes=59)):
        assert "expired_secrets" not in reap().counts
    with clock.frozen(clock.now() + timedelta(minutes=61)):
        assert reap().counts["expired_secrets"] == 1
    assert EndpointSecret.objects.get().expires_at is None


def test_a_deleted_endpoint_goes_with_its_last_delivery(robin: Known, bucket: Path) -> None:
    gone, _ = endpoint_of(robin, "https://robin.example/gone")
    live, _ = endpoint_of(robin, "https://robin.example/live")
    (event_id,) = happen(robin, 1)
    for endpoint in (gone, live):
        Delivery.objects.create(endpoint=endpoint, event_id=event_id, sequence=1)
    endpoints.delete(robin.agent.id, gone.id, actor="test")
    assert "deleted_endpoints" not in reap().counts
    later = clock.now() + timedelta(days=91)
    Event.objects.update(created_at=later)  # a young event keeps it
    with clock.frozen(later):
        assert "deleted_endpoints" not in reap().counts
    assert Endpoint.objects.filter(state=EndpointState.DELETED).exists()
    Event.objects.update(created_at=clock.now())
    with clock.frozen(later):
        assert reap().counts == {"messages": 0, "events": 1, "deleted_endpoints": 1}
    assert Endpoint.objects.get() == live
    assert not Delivery.objects.exists()


def test_sessions_and_forgotten_wakeups_go(robin: Known, bucket: Path) -> None:
    now = timezone.now()
    Session.objects.create(session_key="old", session_data="", expire_date=now - timedelta(minutes=1))
    Session.objects.create(session_key="new", session_data="", expire_date=now + timedelta(minutes=1))
    Wakeup.objects.create(work="gone")
    for work in ("ingest", "sweep"):
        Wakeup.objects.get_or_create(work=work)
    assert {"sessions": 1, "wakeups": 1}.items() <= reap().counts.items()
    assert Session.objects.get().session_key == "new"
    assert set(Wakeup.objects.values_list("work", flat=True)) >= {"ingest", "sweep"}
    assert not Wakeup.objects.filter(work="gone").exists()


def test_beat_sends_it_at_seventeen_past_three() -> None:
    entry = configured.CELERY_BEAT_SCHEDULE["retention"]
    assert entry["task"] == tasks.retention.name == "agentpack_postbox_retention"
    assert (entry["schedule"].hour, entry["schedule"].minute, configured.CELERY_TIMEZONE) == ({3}, {17}, "UTC")
    route = current_app.amqp.router.route({}, entry["task"])
    assert route["queue"].name == "maintenance"


def test_the_task_works_a_slice_and_leaves_the_rest_to_the_next(
    robin: Known, bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(robin.agent, 300, OLD)
    monkeypatch.setattr(run.go_on, "__defaults__", (0.01,))
    tasks.retention()
    begun = Run.objects.get()
    assert begun.finished_at is None
    assert 0 < begun.counts["messages"] < 300
    for _ in range(50):
        tasks.retention_slice()
    begun.refresh_from_db()
    assert begun.finished_at is not None
    assert begun.counts["messages"] == 300
    tasks.retention_slice()  # one that came late begins nothing
    assert Run.objects.count() == 1
