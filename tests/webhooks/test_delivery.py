"""From an event to a signed request at a real receiver, and back into rows."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from standardwebhooks import Webhook

from postbox.events.models import Event, EventCopy
from postbox.identity.keys import data_key
from postbox.ingest import work as ingest_work
from postbox.lib import clock, envelope, signing
from postbox.mail.models import Message, MessageKey
from tests.people import Known, deliver, known_agent, mail
from tests.receiver import Reaction, Receiver
from tests.webhooks.scene import Post, endpoint_of, happen
from webhooks import claim, work
from webhooks.models import Attempt, Delivery, DeliveryState, Endpoint
from webhooks.settle import response_context

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_event_arrives_signed_for_the_public_verifier(robin: Known, receiver: Receiver, post: Post) -> None:
    _, secret = endpoint_of(robin, receiver.url)
    (event_id,) = happen(robin, text="Grüße")
    post.work()
    (request,) = receiver.requests
    payload = Webhook(secret).verify(request.body, request.headers)
    assert payload["id"] == request.headers["webhook-id"] == f"evt_{event_id.hex}"
    assert (payload["type"], payload["data"]["text"]) == ("message.received", "Grüße")
    assert signing.verify_hex(
        signing.secret_octets(secret),
        request.headers["x-agentpack-webhook-timestamp"],
        request.headers["x-agentpack-signature"],
        request.body,
        now=clock.now().timestamp(),
    )
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-postbox-sequence"] == "1"


def test_a_mail_goes_all_the_way(robin: Known, receiver: Receiver, post: Post) -> None:
    _, secret = endpoint_of(robin, receiver.url, "message.*")
    deliver(mail("Wheel", "It came off."), robin.address)
    ingest_work.run()
    post.work()
    (request,) = receiver.requests
    data = Webhook(secret).verify(request.body, request.headers)["data"]
    assert data["id"] == str(Message.objects.get().id)
    assert (data["subject"], data["text"].strip()) == ("Wheel", "It came off.")


def test_what_is_settled_is_written_down(robin: Known, receiver: Receiver, post: Post) -> None:
    receiver.otherwise = Reaction(201, b"thanks")
    endpoint, _ = endpoint_of(robin, receiver.url)
    happen(robin)
    post.work()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.last_status, delivery.lease_token) == (DeliveryState.DELIVERED, 201, None)
    attempt = Attempt.objects.get()
    assert (attempt.number, attempt.status, attempt.error) == (1, 201, "")
    assert attempt.response is not None
    assert b"thanks" not in bytes(attempt.response)
    context = response_context(delivery.id, robin.agent.id)
    assert envelope.open_sealed(data_key(robin.agent.id), bytes(attempt.response), context) == b"thanks"
    endpoint.refresh_from_db()
    assert endpoint.last_success_at is not None
    assert (endpoint.sequence, endpoint.slow, endpoint.consecutive_failures) == (1, False, 0)


def test_kinds_choose_and_agents_see_their_own(robin: Known, receiver: Receiver, post: Post) -> None:
    wren = known_agent("wren")
    for known, path, kinds in [
        (robin, "/all", ()),
        (robin, "/one", ("message.quarantined",)),
        (robin, "/family", ("agent.*",)),
        (wren, "/other", ()),
    ]:
        endpoint_of(known, f"http://127.0.0.1:{receiver.port}{path}", *kinds)
    for kind in ("message.received", "message.quarantined", "agent.paused"):
        happen(robin, kind=kind)
    post.work()
    came = sorted((request.path, request.json["type"]) for request in receiver.requests)
    assert came == [
        ("/all", "agent.paused"),
        ("/all", "message.quarantined"),
        ("/all", "message.received"),
        ("/family", "agent.paused"),
        ("/one", "message.quarantined"),
    ]


def test_sequence_numbers_have_no_gap(robin: Known, receiver: Receiver, post: Post) -> None:
    endpoint_of(robin, receiver.url)
    for _ in range(3):
        happen(robin, 50)
        post.work()
    numbers = sorted(int(request.headers["x-postbox-sequence"]) for request in receiver.requests)
    assert numbers == list(range(1, 151))
    by_number = {int(r.headers["x-postbox-sequence"]): r.headers["webhook-id"] for r in receiver.requests}
    assert [by_number[number] for number in range(1, 151)] == sorted(by_number.values())


def test_queries_do_not_grow_with_the_batch(robin: Known, receiver: Receiver, engine: object) -> None:
    endpoint_of(robin, receiver.url)
    counts = []
    for size in (1, 100):
        happen(robin, size)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            fanned = claim.new(128, {})
        counts.append(len(queries))
        assert len(fanned.deliveries) == min(size, claim.PER_ENDPOINT)
        assert fanned.left == size - len(fanned.deliveries)
    assert counts == [1, 1]


def test_fan_out_run_twice_or_at_once_makes_one_delivery(robin: Known, receiver: Receiver) -> None:
    endpoint_of(robin, receiver.url)
    (event_id,) = happen(robin)
    with transaction.atomic():
        assert claim.new(10, {}).events == 1
        assert claim.new(10, {}).events == 0
    EventCopy.objects.create(consumer="webhooks", event_id=event_id)  # as if the copy had come back
    assert claim.new(10, {}).deliveries == []
    assert Delivery.objects.count() == 1


def test_events_that_nobody_wants_leave_nothing(robin: Known) -> None:
    happen(robin, 3)
    fanned = claim.new(10, {})
    assert (fanned.events, fanned.deliveries) == (3, [])
    assert not EventCopy.objects.exists()
    assert not claim.due()


def test_an_erased_message_is_a_dead_letter_and_nothing_is_posted(robin: Known, receiver: Receiver, post: Post) -> None:
    endpoint, _ = endpoint_of(robin, receiver.url)
    deliver(mail(), robin.address)
    ingest_work.run()
    MessageKey.objects.all().delete()
    post.work()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.last_error) == (DeliveryState.DEAD, "key_erased")
    assert receiver.requests == []
    endpoint.refresh_from_db()
    assert endpoint.consecutive_failures == 0, "it is not the endpoint's fault"


def test_a_body_of_another_event_does_not_go_out(robin: Known, receiver: Receiver, post: Post) -> None:
    endpoint_of(robin, receiver.url)
    first, second = happen(robin, 2)
    Event.objects.filter(pk=first).update(body=Event.objects.get(pk=second).body)
    post.work()
    assert [request.headers["webhook-id"] for request in receiver.requests] == [f"evt_{second.hex}"]
    assert Delivery.objects.get(event=first).last_error == "seal_broken"


def test_a_killed_worker_delivers_again_under_the_same_id(robin: Known, receiver: Receiver, post: Post) -> None:
    endpoint_of(robin, receiver.url)
    (event_id,) = happen(robin)
    assert len(claim.new(10, {}).deliveries) == 1, "claimed, and never heard of again"
    post.work()
    assert receiver.requests == [], "its lease holds"
    with clock.frozen(clock.now() + claim.LEASE + timedelta(seconds=1)):
        assert claim.due()
        post.work()
    assert [request.headers["webhook-id"] for request in receiver.requests] == [f"evt_{event_id.hex}"]
    assert Delivery.objects.get().attempts == 2


def test_who_lost_the_lease_settles_nothing(robin: Known, receiver: Receiver, post: Post) -> None:
    endpoint_of(robin, receiver.url)
    happen(robin)
    receiver.hold()
    work.run(post.engine)
    receiver.wait_in_hand(1)
    other = uuid.uuid4()
    assert Delivery.objects.update(lease_token=other) == 1
    receiver.let_go()
    assert post.engine.wait_until_quiet(30)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.lease_token) == (DeliveryState.PENDING, other)
    assert not Attempt.objects.exists()


def test_a_kept_open_connection_serves_many(robin: Known, receiver: Receiver, post: Post) -> None:
    endpoint_of(robin, receiver.url)
    happen(robin, 60)
    post.work()
    assert len(receiver.requests) == 60
    assert len({request.connection for request in receiver.requests}) <= 32


def test_a_body_of_many_octets_and_signs_arrives_whole(robin: Known, receiver: Receiver, post: Post) -> None:
    _, secret = endpoint_of(robin, receiver.url)
    text = "🚲 née\u2028" * 30_000
    happen(robin, text=text)
    post.work()
    (request,) = receiver.requests
    assert Webhook(secret).verify(request.body, request.headers)["data"]["text"] == text
    assert json.loads(request.body)["data"]["text"] == text
    assert Endpoint.objects.get().consecutive_failures == 0
