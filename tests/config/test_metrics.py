"""``/metrics``: what is counted on the way of real mail, who may read it, and that no name or id is in it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from postbox.events.sweep import sweep
from postbox.identity.models import Agent
from postbox.ingest import pipeline, work
from postbox.lib import clock
from postbox.mail.models import Message
from postbox.metrics import heartbeat, writer
from postbox.metrics.counts import HELD
from postbox.metrics.models import Sample
from postbox.screening.case import Case, Verdict
from tests.people import Known, bridge_key, deliver, known_agent, mail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def robin() -> Known:
    return known_agent()


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    """What tests before this one counted in this process is not for us."""
    writer.end()
    HELD.take()
    Sample.objects.all().delete()


def read(**headers: Any) -> dict[str, dict[tuple[str, ...], float]]:
    """Series by name, then by the values of their labels in the order of the labels' names."""
    writer.write()
    answer = Client().get("/metrics", **headers)
    assert answer.status_code == 200, answer.content
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels[n] for n in sorted(sample.labels))] = sample.value
    return found


def ingest(raw: bytes, to: str, key: str) -> int:
    headers: dict[str, Any] = {"HTTP_X_AGENTPACK_KEY": key, "HTTP_X_POSTBOX_RCPT_TO": to}
    return Client().generic("POST", "/ingest", raw, "message/rfc822", **headers).status_code


def test_mail_is_counted_on_its_way(robin: Known) -> None:
    raw, key = mail(), bridge_key()
    assert ingest(raw, robin.address, key) == 202
    assert ingest(raw, robin.address, key) == 202
    assert ingest(raw, "nobody@agents.localhost", key) == 202
    assert ingest(raw, robin.address, "wrong") == 401
    assert ingest(b" ", robin.address, key) == 400
    found = read()
    assert found["postbox_mails_accepted_total"] == {("false",): 1.0, ("true",): 1.0}
    assert found["postbox_mails_refused_total"] == {
        ("unknown_recipient",): 1.0,
        ("unauthenticated",): 1.0,
        ("empty_mail",): 1.0,
    }
    assert found["postbox_queue_depth"]["ingest",] == 1.0
    with clock.frozen(clock.now() + timedelta(seconds=90)):
        ages = read()["postbox_queue_oldest_seconds"]
    assert 89 < ages["ingest",] < 100
    assert 89 < ages["spool",] < 100
    work.run()
    found = read()
    assert found["postbox_mails_settled_total"] == {("new_domain", "processed", "lookalike"): 1.0}
    assert found["postbox_queue_depth"]["ingest",] == 0.0
    for step in pipeline.STEPS:
        assert found["postbox_stage_seconds_count"][step.name,] == 1.0
        assert found["postbox_stage_seconds_bucket"]["+Inf", step.name] == 1.0
        assert 0 < found["postbox_stage_seconds_sum"][step.name,] < 10


def test_mail_that_waits_for_dns_is_told_apart(robin: Known) -> None:
    for _ in range(3):
        deliver(mail(), robin.address)
    assert read()["postbox_queue_depth"]["dns",] == 0.0
    Message.objects.filter(pk__in=Message.objects.values("pk")[:2]).update(waits=1)
    with clock.frozen(clock.now() + timedelta(seconds=90)):
        found = read()
    assert (found["postbox_queue_depth"]["dns",], found["postbox_queue_depth"]["ingest",]) == (2.0, 3.0)
    assert 89 < found["postbox_queue_oldest_seconds"]["dns",] < 100


def test_the_deciding_verdict_is_counted(robin: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(case: Case) -> Verdict:
        raise RuntimeError("broken")

    monkeypatch.setattr(pipeline.STEPS[0], "check", break_down)
    deliver(mail(), robin.address)
    work.run()
    step = pipeline.STEPS[0].name
    assert read()["postbox_mails_settled_total"] == {("crashed", "quarantined", step): 1.0}


def test_sweep_worker_and_build_are_told(robin: Known) -> None:
    assert "postbox_sweep_age_seconds" not in read()
    sweep()
    heartbeat.beat("worker-ingest")
    with clock.frozen(clock.now() + timedelta(seconds=10)):
        found = read()
    assert 9 < found["postbox_sweep_age_seconds"][()] < 30
    assert 9 < found["postbox_worker_heard_seconds"]["worker-ingest",] < 30
    assert list(found["postbox_build_info"].values()) == [1.0]


def test_no_name_and_no_id_is_a_label(robin: Known) -> None:
    deliver(mail(), robin.address, "nobody@elsewhere.example")
    work.run()
    writer.write()
    text = Client().get("/metrics").content.decode()
    assert "postbox_mails_accepted_total" in text
    assert "@" not in text
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", text)
    assert Agent.objects.get().name not in text


# --- who may read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "meta",
    [
        {"REMOTE_ADDR": "192.0.2.1"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=192.0.2.1"},
    ],
)
def test_without_a_token_only_this_machine_reads(meta: dict[str, str]) -> None:
    assert Client().get("/metrics", **meta).status_code == 401  # type: ignore[arg-type]
    assert Client().get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 200
    assert Client().get("/metrics", REMOTE_ADDR="::1").status_code == 200


def test_where_a_token_is_set_everybody_shows_it(settings: Any) -> None:
    settings.POSTBOX_METRICS_TOKEN = "t" * 40
    assert Client().get("/metrics").status_code == 401
    assert Client().get("/metrics", HTTP_AUTHORIZATION="Bearer " + "u" * 40).status_code == 401
    assert Client().get("/metrics", HTTP_AUTHORIZATION="t" * 40).status_code == 401
    right = {"HTTP_AUTHORIZATION": "Bearer " + "t" * 40, "REMOTE_ADDR": "192.0.2.1"}
    assert Client().get("/metrics", **right).status_code == 200  # type: ignore[arg-type]


def test_metrics_are_only_read() -> None:
    assert Client().post("/metrics").status_code == 405
