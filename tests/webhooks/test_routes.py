"""The routes as an agent calls them, down to what its receiver gets."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from standardwebhooks import Webhook, WebhookVerificationError

from postbox.audit.models import AuditRecord
from postbox.events.body import timestamp
from postbox.ingest import work as ingest_work
from postbox.lib import clock
from postbox.mail.models import Message
from tests.callers import ERROR, Answer, call
from tests.people import Known, deliver, known_agent, mail
from tests.receiver import Reaction, Receiver
from tests.webhooks.scene import Post, endpoint_of, happen
from webhooks import endpoints
from webhooks.models import Delivery, DeliveryState, Endpoint, EndpointSecret, EndpointState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def loopback(settings: Settings) -> None:
    settings.POSTBOX_WEBHOOK_ALLOW_LOOPBACK = True


def register(known: Known, receiver: Receiver, **more: Any) -> Answer:
    answer = call("/webhook/register", {"url": receiver.url, **more}, known.agent_key)
    assert answer.status == 201, answer.body
    return answer


def test_register_then_ping(robin: Known, receiver: Receiver, post: Post) -> None:
    made = register(robin, receiver, events=["message.received"], description="my own")
    assert set(made.body) == {"id", "secret"}
    pinged = call("/webhook/ping", {"id": made.body["id"]}, robin.agent_key)
    assert pinged.status == 202
    post.work()
    (request,) = receiver.requests
    payload = Webhook(made.body["secret"]).verify(request.body, request.headers)
    assert (payload["type"], payload["id"]) == ("ping", pinged.body["id"])
    assert payload["data"] == {"endpoint_id": made.body["id"], "agent_id": "robin"}


def test_a_ping_goes_to_its_endpoint_only(robin: Known, receiver: Receiver, post: Post) -> None:
    made = register(robin, receiver)
    with Receiver() as other:
        register(robin, other)
        call("/webhook/ping", {"id": made.body["id"]}, robin.agent_key)
        post.work()
        assert (len(receiver.requests), other.requests) == (1, [])


def test_the_secret_is_stored_sealed(robin: Known, receiver: Receiver) -> None:
    secret = register(robin, receiver).body["secret"]
    stored = bytes(EndpointSecret.objects.get().sealed)
    assert secret.encode() not in stored
    assert secret.removeprefix("whsec_").encode() not in stored


def test_list_shows_health(robin: Known, receiver: Receiver, post: Post) -> None:
    receiver.script(Reaction(500))
    made = register(robin, receiver, events=["message.received", "message.*"], description="mine")
    happen(robin)
    post.work()
    answer = call("/webhook/list", {}, robin.agent_key)
    assert (answer.status, answer.body["count"], answer.body["next_page_token"]) == (200, 1, None)
    (shown,) = answer.body["endpoints"]
    assert (shown["id"], shown["url"], shown["description"]) == (made.body["id"], receiver.url, "mine")
    assert (shown["events"], shown["state"]) == (["message.received", "message.*"], "active")
    health = shown["health"]
    assert (health["consecutive_failures"], health["pending"], health["dead"]) == (1, 1, 0)
    assert health["last_attempt"] == health["last_failure_at"] == health["failing_since"]
    assert health["last_success_at"] is None


def test_list_costs_the_same_for_one_and_for_many(robin: Known, receiver: Receiver) -> None:
    counts = []
    for _ in range(2):
        register(robin, receiver)
        with CaptureQueriesContext(connection) as queries:
            assert call("/webhook/list", {}, robin.agent_key).status == 200
        counts.append(len(queries))
    assert counts[1] <= counts[0] <= 4


def test_both_secrets_sign_during_the_grace(robin: Known, receiver: Receiver, post: Post) -> None:
    made = register(robin, receiver).body
    happen(robin)
    post.work()
    answer = call("/webhook/rotate", {"id": made["id"], "grace_seconds": 3600}, robin.agent_key)
    assert answer.status == 200
    new = answer.body["secret"]
    happen(robin)
    post.work()
    before, during = receiver.requests
    Webhook(made["secret"]).verify(before.body, before.headers)
    for secret in (made["secret"], new):
        Webhook(secret).verify(during.body, during.headers)
    assert len(during.headers["webhook-signature"].split()) == 2
    later = clock.now() + timedelta(seconds=3601)
    assert timestamp(later) > answer.body["old_secret_expires_at"]
    with clock.frozen(later):
        happen(robin)
        post.work()
    after = receiver.requests[2]
    assert len(after.headers["webhook-signature"].split()) == 1
    verifier = Webhook(made["secret"])
    with pytest.raises(WebhookVerificationError):
        verifier.verify(during.body, {**during.headers, "webhook-signature": after.headers["webhook-signature"]})


def test_without_grace_the_old_secret_ends_at_once(robin: Known, receiver: Receiver, post: Post) -> None:
    made = register(robin, receiver).body
    answer = call("/webhook/rotate", {"id": made["id"], "grace_seconds": 0}, robin.agent_key)
    happen(robin)
    post.work()
    (request,) = receiver.requests
    Webhook(answer.body["secret"]).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(request.body, request.headers)
    assert EndpointSecret.objects.count() == 1 + EndpointSecret.objects.exclude(expires_at=None).count()


@pytest.mark.parametrize("prefixed", [True, False])
def test_replay_by_event_keeps_the_id(robin: Known, receiver: Receiver, post: Post, prefixed: bool) -> None:
    register(robin, receiver)
    (event_id,) = happen(robin)
    post.work()
    shown = f"evt_{event_id.hex}" if prefixed else str(event_id)
    answer = call("/webhook/replay", {"id": shown}, robin.agent_key)
    assert (answer.status, answer.body) == (200, {"replayed": 1})
    post.work()
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == f"evt_{event_id.hex}"
    assert first.body == second.body
    assert Delivery.objects.get().state == DeliveryState.DELIVERED


def test_replay_by_message_also_reaches_an_endpoint_that_never_had_it(
    robin: Known, receiver: Receiver, post: Post
) -> None:
    register(robin, receiver)
    deliver(mail("Wheel"), robin.address)
    ingest_work.run()
    post.work()
    message_id = str(Message.objects.get().id)
    with Receiver() as late:
        register(robin, late)
        assert call("/webhook/replay", {"id": message_id}, robin.agent_key).body == {"replayed": 2}
        post.work()
        assert [request.json["data"]["id"] for request in late.requests] == [message_id]
    assert len(receiver.requests) == 2


def test_replay_by_time_takes_dead_letters_only(robin: Known, receiver: Receiver, post: Post) -> None:
    register(robin, receiver)
    started = clock.now()
    happen(robin, 3)
    post.work()
    receiver.script(Reaction(200))
    dead = Delivery.objects.order_by("id").first()
    assert dead is not None
    Delivery.objects.filter(pk=dead.pk).update(state=DeliveryState.DEAD, attempts=10)
    receiver.clear()
    early = {"since": timestamp(started - timedelta(hours=2)), "until": timestamp(started - timedelta(hours=1))}
    assert call("/webhook/replay", early, robin.agent_key).body == {"replayed": 0}
    since = {"since": timestamp(started - timedelta(hours=1))}
    assert call("/webhook/replay", since, robin.agent_key).body == {"replayed": 1}
    post.work()
    assert [request.headers["webhook-id"] for request in receiver.requests] == [f"evt_{dead.event_id.hex}"]
    assert call("/webhook/replay", since, robin.agent_key).body == {"replayed": 0}
    assert AuditRecord.objects.filter(action="deliveries.replayed").count() == 3


def test_replay_leaves_disabled_endpoints_and_other_agents_alone(robin: Known, receiver: Receiver) -> None:
    wren = known_agent("wren")
    endpoint, _ = endpoint_of(robin, receiver.url)
    (event_id,) = happen(robin)
    assert call("/webhook/replay", {"id": f"evt_{event_id.hex}"}, wren.agent_key).status == 404
    assert call("/webhook/replay", {"id": str(uuid.uuid4())}, robin.agent_key).status == 404
    Endpoint.objects.filter(pk=endpoint.pk).update(state=EndpointState.DISABLED, disabled_reason="operator")
    assert call("/webhook/replay", {"id": f"evt_{event_id.hex}"}, robin.agent_key).body == {"replayed": 0}


def test_a_replay_before_the_fan_out_makes_no_second_delivery(robin: Known, receiver: Receiver, post: Post) -> None:
    register(robin, receiver)
    (event_id,) = happen(robin)
    assert call("/webhook/replay", {"id": f"evt_{event_id.hex}"}, robin.agent_key).body == {"replayed": 0}
    post.work()
    assert len(receiver.requests) == 1


def test_disable_enable_delete(robin: Known, receiver: Receiver, post: Post) -> None:
    made = register(robin, receiver).body
    body = {"id": made["id"]}
    answer = call("/webhook/disable", body, robin.agent_key)
    assert (answer.body["state"], answer.body["disabled_reason"]) == ("disabled", "agent")
    refused = call("/webhook/ping", body, robin.agent_key)
    assert (refused.status, refused.body["code"]) == (409, "endpoint_not_active")
    happen(robin)
    post.work()
    assert call("/webhook/enable", body, robin.agent_key).body["state"] == "active"
    happen(robin)
    post.work()
    assert len(receiver.requests) == 1, "what happened while it was disabled was not for it"
    assert call("/webhook/delete", body, robin.agent_key).status == 204
    assert call("/webhook/list", {}, robin.agent_key).body["count"] == 0
    assert not EndpointSecret.objects.exists()
    for path in ("ping", "rotate", "enable", "disable", "delete"):
        assert call(f"/webhook/{path}", body, robin.agent_key).status == 404
    happen(robin)
    post.work()
    assert len(receiver.requests) == 1


def test_agents_reach_their_own_endpoints_only(robin: Known, receiver: Receiver) -> None:
    wren = known_agent("wren")
    body = {"id": register(robin, receiver).body["id"]}
    assert call("/webhook/list", {}, wren.agent_key).body["count"] == 0
    for path in ("ping", "rotate", "enable", "disable", "delete"):
        answer = call(f"/webhook/{path}", body, wren.agent_key)
        assert (answer.status, set(answer.body)) == (404, ERROR), path
        assert call(f"/webhook/{path}", body, robin.owner_key).status == 403
        assert call(f"/webhook/{path}", body).status == 401


def test_an_agent_has_twenty_endpoints_at_most(robin: Known, receiver: Receiver) -> None:
    for _ in range(endpoints.MAX_ENDPOINTS):
        register(robin, receiver)
    answer = call("/webhook/register", {"url": receiver.url}, robin.agent_key)
    assert (answer.status, answer.body["code"]) == (409, "too_many_endpoints")


@pytest.mark.parametrize(
    ("url", "trouble", "fix"),
    [
        ("http://127.0.0.1:9/", "loopback_refused", "POSTBOX_WEBHOOK_ALLOW_LOOPBACK"),
        ("https://localhost/", "loopback_refused", "POSTBOX_WEBHOOK_ALLOW_LOOPBACK"),
        ("https://10.0.0.1/", "address_refused", "public"),
        ("https://169.254.169.254/latest", "address_refused", "public"),
        ("https://[::ffff:127.0.0.1]/", "address_refused", "public"),
        ("https://2130706433/", "url_invalid", "https URL"),
        ("http://8.8.8.8/", "scheme_refused", "https"),
        ("ftp://8.8.8.8/", "scheme_refused", "https"),
        ("https://user:secret@8.8.8.8/", "userinfo_refused", "user name"),
        ("https://8.8.8.8:0/", "url_invalid", "https URL"),
        ("not a url", "url_invalid", "https URL"),
    ],
)
def test_a_refused_url_says_what_to_do(robin: Known, settings: Settings, url: str, trouble: str, fix: str) -> None:
    settings.POSTBOX_WEBHOOK_ALLOW_LOOPBACK = False
    answer = call("/webhook/register", {"url": url}, robin.agent_key)
    assert (answer.status, answer.body["code"]) == (400, "url_refused")
    assert answer.wrong["url"].startswith(trouble)
    assert fix in answer.body["fix"]
    assert "secret" not in str(answer.body)
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    ("path", "body", "wrong"),
    [
        ("register", {}, "url"),
        ("register", {"url": "https://8.8.8.8/", "events": ["message.eaten"]}, "events.0"),
        ("register", {"url": "https://8.8.8.8/", "event": []}, "event"),
        ("rotate", {"id": "x"}, "id"),
        ("rotate", {"id": str(uuid.uuid4()), "grace_seconds": -1}, "grace_seconds"),
        ("replay", {}, ""),
        ("replay", {"id": "evt_x"}, "id"),
        ("replay", {"id": str(uuid.uuid4()), "since": "2026-01-01T00:00:00Z"}, ""),
        ("replay", {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "until"),
        ("list", {"limit": 5}, "limit"),
    ],
)
def test_wrong_values_are_named(robin: Known, path: str, body: dict[str, Any], wrong: str) -> None:
    answer = call(f"/webhook/{path}", body, robin.agent_key)
    assert (answer.status, answer.body["code"]) == (400, "invalid")
    assert wrong in answer.wrong
