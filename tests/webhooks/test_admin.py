"""The operator's pages: what they show, what they do, and that no row costs a query."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from postbox.audit.models import AuditRecord
from tests.people import Known
from tests.receiver import Reaction, Receiver
from tests.webhooks.scene import Post, endpoint_of, happen
from webhooks.models import Attempt, Delivery, DeliveryState, Endpoint, EndpointState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("olga", password="tests only"))
    return client


def page(client: Client, path: str) -> str:
    response = client.get(f"/admin/webhooks/{path}")
    assert response.status_code == 200, path
    return response.content.decode()


def test_what_happened_can_be_followed(robin: Known, receiver: Receiver, post: Post, operator: Client) -> None:
    receiver.otherwise = Reaction(503, b"<b>closed for lunch</b>")
    endpoint, _ = endpoint_of(robin, f"{receiver.url}?token=abc")
    (event_id,) = happen(robin)
    post.work()
    listed = page(operator, "endpoint/")
    assert receiver.url in listed
    assert "token=abc" not in listed
    assert "1 failed in a row" in page(operator, f"endpoint/{endpoint.id}/change/")
    assert f"evt_{event_id.hex}" in page(operator, f"delivery/?q=evt_{event_id.hex}")
    assert f"evt_{event_id.hex}" not in page(operator, f"delivery/?q={endpoint.id}")
    delivery, attempt = Delivery.objects.get(), Attempt.objects.get()
    assert f"?delivery__id__exact={delivery.id}" in page(operator, f"delivery/{delivery.id}/change/")
    assert "503" in page(operator, f"attempt/?delivery__id__exact={delivery.id}")
    shown = page(operator, f"attempt/{attempt.id}/change/")
    assert "&lt;b&gt;closed for lunch" in shown
    assert AuditRecord.objects.filter(action="attempt.read", subject=str(attempt.id)).count() == 1


@pytest.mark.parametrize("path", ["endpoint/", "delivery/", "attempt/"])
def test_no_row_costs_a_query(robin: Known, receiver: Receiver, post: Post, operator: Client, path: str) -> None:
    counts = []
    for _ in range(2):
        endpoint_of(robin, receiver.url)
        happen(robin, 5)
        post.work()
        page(operator, path)
        with CaptureQueriesContext(connection) as queries:
            page(operator, path)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_chosen_deliveries_are_sent_again(robin: Known, receiver: Receiver, post: Post, operator: Client) -> None:
    endpoint_of(robin, receiver.url)
    happen(robin, 3)
    post.work()
    dead, delivered, _ = Delivery.objects.order_by("id")
    Delivery.objects.filter(pk=dead.pk).update(state=DeliveryState.DEAD)
    receiver.clear()
    chosen = {"action": "replay_selected", "_selected_action": [dead.pk, delivered.pk]}
    response = operator.post("/admin/webhooks/delivery/", chosen, follow=True)
    assert "2 deliveries sent again" in response.content.decode()
    post.work()
    came = {request.headers["webhook-id"] for request in receiver.requests}
    assert came == {f"evt_{dead.event_id.hex}", f"evt_{delivered.event_id.hex}"}
    assert AuditRecord.objects.get(action="deliveries.replayed").actor.startswith("user:")


def test_an_endpoint_is_switched_off_and_on(robin: Known, receiver: Receiver, operator: Client) -> None:
    endpoint, _ = endpoint_of(robin, receiver.url)
    for verb, state in (("disable", EndpointState.DISABLED), ("enable", EndpointState.ACTIVE)):
        shown = page(operator, f"endpoint/{endpoint.id}/change/")
        (path,) = set(re.findall(r"/admin/webhooks/endpoint/[^\"']*(?:disable|enable)[^\"']*", shown))
        assert f"/{verb}" in path, "the one button that fits its state"
        assert operator.get(path).status_code == 200
        endpoint.refresh_from_db()
        assert endpoint.state != state, "a GET only asks"
        assert operator.post(path, {"_form_submitted": "on"}).status_code == 302
        endpoint.refresh_from_db()
        assert endpoint.state == state
    assert AuditRecord.objects.filter(subject=str(endpoint.id), actor__startswith="user:").count() == 2
    assert Endpoint.objects.count() == 1


def test_nothing_can_be_edited(robin: Known, receiver: Receiver, operator: Client) -> None:
    endpoint, _ = endpoint_of(robin, receiver.url)
    assert operator.get("/admin/webhooks/endpoint/add/").status_code == 403
    assert operator.post(f"/admin/webhooks/endpoint/{endpoint.id}/change/", {"url": "x"}).status_code == 403
    assert operator.post(f"/admin/webhooks/endpoint/{endpoint.id}/delete/", {"post": "yes"}).status_code == 403
