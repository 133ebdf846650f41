"""Endpoints and deliveries at the desk: how they are, their last tries, and sending again."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from postbox.audit.models import AuditRecord
from postbox.events.models import Event
from postbox.ingest import work
from postbox.lib import clock
from postbox.rules.models import InboundRule
from tests.admin.operators import client_of, operator, viewer
from tests.people import Known, deliver, known_agent, mail
from webhooks.models import Attempt, Delivery, DeliveryState, Endpoint

pytestmark = pytest.mark.django_db

SUBMITTED = {"_form_submitted": "True"}


@pytest.fixture
def robin() -> Known:
    return known_agent()


def endpoint_of(known: Known, name: str = "in") -> Endpoint:
    return Endpoint.objects.create(agent=known.agent, url=f"https://hooks.wren.example/{name}?token=secret")


def dead(endpoint: Endpoint, count: int = 1) -> list[Delivery]:
    """Dead letters, each with a try."""
    address = endpoint.agent.addresses.get().address
    for _ in range(count):
        deliver(mail(), address)
    work.run()
    events = Event.objects.filter(agent_id=endpoint.agent_id).exclude(deliveries__endpoint=endpoint)
    made = [Delivery.objects.create(endpoint=endpoint, event=one, state="dead", sequence=1) for one in events]
    for one in made:
        Attempt.objects.create(delivery=one, number=1, at=clock.now(), duration_ms=7, status=500)
    return made


def url(of: str, page: str, pk: object) -> str:
    return reverse(f"admin:webhooks_{of}_{page}", args=[pk])


def test_an_endpoints_page_shows_its_health_and_its_last_tries_and_no_query(robin: Known) -> None:
    endpoint = endpoint_of(robin)
    first = dead(endpoint)[0]
    dead(endpoint_of(known_agent("other")))
    page = client_of(viewer()).get(url("endpoint", "change", endpoint.pk)).text
    assert "token=secret" not in page
    assert "All deliveries (1 dead)" in page
    assert page.count("message.received") == 1
    assert url("delivery", "change", first.pk) in page
    assert "7 ms" in page


def test_dead_letters_are_sent_again_by_one_button(robin: Known) -> None:
    endpoint, other = endpoint_of(robin), endpoint_of(known_agent("other"))
    mine, others = dead(endpoint, 3), dead(other)
    otto = operator()
    client = client_of(otto)
    client.post(url("endpoint", "resend_dead", endpoint.pk), SUBMITTED)
    states = dict(Delivery.objects.values_list("pk", "state"))
    assert {states[one.pk] for one in mine} == {DeliveryState.PENDING}
    assert states[others[0].pk] == DeliveryState.DEAD
    assert AuditRecord.objects.get(action="deliveries.replayed").detail["count"] == 3
    assert url("endpoint", "resend_dead", endpoint.pk) not in client.get(url("endpoint", "change", endpoint.pk)).text


def test_one_delivery_is_sent_again_unless_its_endpoint_is_off(robin: Known) -> None:
    endpoint = endpoint_of(robin)
    one = dead(endpoint)[0]
    client = client_of(operator())
    Endpoint.objects.filter(pk=endpoint.pk).update(state="disabled", disabled_reason="operator")
    said = client.post(url("delivery", "replay_one", one.pk), SUBMITTED, follow=True).text
    assert "It is not sent again" in said
    one.refresh_from_db()
    assert one.state == DeliveryState.DEAD
    Endpoint.objects.filter(pk=endpoint.pk).update(state="active")
    client.post(url("delivery", "replay_one", one.pk), SUBMITTED)
    one.refresh_from_db()
    assert (one.state, one.attempts) == (DeliveryState.PENDING, 0)


@pytest.mark.parametrize(
    "label", ["webhooks_endpoint", "webhooks_delivery", "webhooks_attempt", "rules_inboundrule", "events_event"]
)
def test_a_long_list_costs_no_more_queries(robin: Known, label: str) -> None:
    client = client_of(operator())

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(f"admin:{label}_changelist")).status_code == 200
        return len(captured)

    def add(number: int) -> Any:
        dead(endpoint_of(known_agent(f"agent{number}"), str(number)))
        agent = known_agent(f"ruled{number}").agent
        InboundRule.objects.create(
            agent=agent, name=str(uuid.uuid4()), match={"every_mail": True}, actions={"stop": True}
        )

    add(0)
    add(1)
    queries()
    few = queries()
    for number in range(2, 12):
        add(number)
    assert queries() == few
