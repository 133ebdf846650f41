"""`/send`, from the request to the row that says what became of it."""

from __future__ import annotations

import pytest

from outbound import batch, work
from outbound.models import OutboundRecipient, Outgoing, RecipientState
from outbound.transports.mailbox import Mailbox
from postbox.ingest import work as ingest
from postbox.mail.models import Message, Status
from postbox.mail.raw import raw_of
from reputation.models import EmailReputation, SenderDay, SuppressionReason
from reputation.suppressions import suppress
from tests.callers import Answer, call, send
from tests.people import Known, known_agent

LETTER = {"to": "ann@mercer-bikes.example", "subject": "Your order", "text": "It is on its way."}


@pytest.fixture
def robin(transactional_db: None) -> Known:
    return known_agent()


def post(robin: Known, **changes: object) -> Answer:
    return call("/send", LETTER | changes, robin.agent_key)


def ship() -> None:
    work.run(Mailbox())


def test_a_mail_is_taken_and_shipped(robin: Known) -> None:
    answer = post(robin, cc=["Bo Ek <bo@ek.example>"], bcc="quiet@ek.example")
    assert answer.status == 202, answer.body
    assert answer.body["status"] == "queued"
    raw = raw_of(Message.objects.get().id, robin.agent.id).decode()
    assert "To: ann@mercer-bikes.example\r\n" in raw
    assert "Cc: Bo Ek <bo@ek.example>\r\n" in raw
    assert "quiet" not in raw
    ship()
    assert Message.objects.get().status == Status.ACCEPTED
    assert {row.state for row in OutboundRecipient.objects.all()} == {RecipientState.ACCEPTED}
    assert OutboundRecipient.objects.count() == 3
    assert EmailReputation.objects.get(address="bo@ek.example").sent == 1
    assert SenderDay.objects.get().sent == 3
    listed = call("/list", {"direction": "outbound"}, robin.agent_key).body["messages"]
    assert [(item["subject"], item["status"]) for item in listed] == [("Your order", "accepted")]


def test_mail_between_two_agents_arrives_in_one_thread(robin: Known) -> None:
    wren = known_agent("wren")
    post(robin, to=wren.address)
    ship()
    while ingest.run():
        pass
    got = call("/list", {}, wren.agent_key).body["messages"][0]
    answer = call("/send", LETTER | {"to": robin.address, "in_reply_to": got["message_id"]}, wren.agent_key)
    assert answer.status == 202, answer.body
    ship()
    while ingest.run():
        pass
    sent, received = Message.objects.filter(agent=robin.agent).order_by("id")
    assert sent.thread_id == received.thread_id
    assert len(set(Message.objects.filter(agent=wren.agent).values_list("thread_id", flat=True))) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"subject": "Hi\r\nBcc: all@ek.example"}, "header_injection"),
        ({"to": "ann@ek.example\nX: y"}, "header_injection"),
        ({"to": "ann at ek.example"}, "bad_address"),
        ({"to": "ann@ek.example, bo@ek.example"}, "bad_address"),
        ({"to": []}, "bad_address"),
        (
            {"to": [f"p{n}@ek.example" for n in range(40)], "cc": [f"q{n}@ek.example" for n in range(40)]},
            "too_many_recipients",
        ),
        ({"from": "somebody@else.example"}, "not_your_address"),
    ],
)
def test_what_is_refused_says_why_and_stores_nothing(robin: Known, changes: dict[str, object], code: str) -> None:
    answer = post(robin, **changes)
    assert 400 <= answer.status < 500
    assert answer.body["code"] == code, answer.body
    assert answer.body["fix"]
    assert not Message.objects.exists()


def test_nobody_is_written_to_who_must_not_be(robin: Known) -> None:
    suppress(robin.owner.id, "Ann@mercer-bikes.example", SuppressionReason.MANUAL, actor="test")
    answer = post(robin, cc="bo@ek.example")
    assert (answer.status, answer.body["code"]) == (403, "recipient_suppressed")
    assert answer.body["errors"][0]["path"] == "ann@mercer-bikes.example"
    stranger = known_agent("heron", "Oscar")
    assert call("/send", LETTER, stranger.agent_key).status == 202


def test_who_is_suppressed_after_it_was_queued_gets_nothing(robin: Known) -> None:
    post(robin, cc="bo@ek.example")
    suppress(robin.owner.id, "ann@mercer-bikes.example", SuppressionReason.MANUAL, actor="test")
    ship()
    states = dict(OutboundRecipient.objects.values_list("address", "state"))
    assert states == {"ann@mercer-bikes.example": "suppressed", "bo@ek.example": "accepted"}
    assert Message.objects.get().status == Status.ACCEPTED


def test_the_same_request_is_one_mail(robin: Known) -> None:
    import json

    octets = json.dumps(LETTER).encode()
    first = send("/send", octets, "application/json", robin.agent_key, HTTP_IDEMPOTENCY_KEY="order-7")
    again = send("/send", octets, "application/json", robin.agent_key, HTTP_IDEMPOTENCY_KEY="order-7")
    assert first.status == again.status == 202
    assert first.body == again.body
    other = json.dumps(LETTER | {"text": "Other."}).encode()
    assert send("/send", other, "application/json", robin.agent_key, HTTP_IDEMPOTENCY_KEY="order-7").status == 422
    assert Message.objects.count() == 1


def test_the_same_answer_comes_when_what_it_answers_is_gone(robin: Known) -> None:
    import json

    answered = post(robin).body["id"]
    octets = json.dumps({"in_reply_to": answered, "text": "Did it come?"}).encode()
    first = send("/send", octets, "application/json", robin.agent_key, HTTP_IDEMPOTENCY_KEY="order-8")
    assert first.status == 202, first.body
    Message.objects.filter(pk=answered).update(status=Status.REFUSED)
    again = send("/send", octets, "application/json", robin.agent_key, HTTP_IDEMPOTENCY_KEY="order-8")
    assert (again.status, again.body) == (202, first.body)
    new = send("/send", octets, "application/json", robin.agent_key, HTTP_IDEMPOTENCY_KEY="order-9")
    assert (new.status, new.body["code"]) == (404, "not_found")


def test_an_agent_that_is_stopped_sends_nothing_more(robin: Known) -> None:
    post(robin)
    robin.agent.state, robin.agent.state_reason = "killed", "five identical mails"
    robin.agent.save()
    answer = post(robin)
    assert (answer.status, answer.body["code"]) == (403, "agent_killed")
    ship()
    assert Outgoing.objects.get().state == Status.HELD


def test_who_dies_after_handing_over_leaves_it_unknown(robin: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    from outbound import results

    post(robin)
    claimed = batch.next_outbound_batch()
    assert batch.begin(claimed.token, claimed.parcels)
    Outgoing.objects.update(leased_until="2026-01-01T00:00:00Z")
    assert results.give_up_lost() == 1
    assert Message.objects.get().status == Status.UNKNOWN
    assert not batch.next_outbound_batch().parcels
    assert timedelta(seconds=1) < batch.LEASE


def test_an_address_that_has_just_ended_sends_nothing(robin: Known) -> None:
    assert post(robin).status == 202
    Message.objects.update(address=None)
    robin.agent.addresses.all().delete()
    answers = [post(robin, text=f"Another {word}").body["code"] for word in ("heron", "otter")]
    assert answers == ["no_address"] * 2
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff{}",
        b"[" * 40 + b"]" * 40,
        b"{}",
        b'{"to": 5, "subjekt": "x"}',
        b'{"to": "ann@ek.example", "subject": 7, "text": null, "send_at": "soon", "reply_all": "yes"}',
        b'{"to": "ann@ek.example", "attachments": [{"name": "a", "content": "%"}, {}], "forward": "x"}',
        b'{"to": "ann@ek.example", "subject": "\\ud800 \\u0000", "unsubscribe": ["http://ek.example"]}',
    ],
)
@pytest.mark.parametrize("key", ["agent", "owner", "none"])
def test_the_short_way_says_what_the_frameworks_does(robin: Known, body: bytes, key: str) -> None:
    shown = {"agent": robin.agent_key, "owner": robin.owner_key, "none": ""}[key]
    short, framework = (send("/send", body, kind, shown) for kind in ("application/json; charset=utf-8", ""))
    assert short.status == framework.status >= 400
    assert short.body | {"request_id": ""} == framework.body | {"request_id": ""}
    assert short.headers.get("WWW-Authenticate") == framework.headers.get("WWW-Authenticate")


def test_a_request_without_a_body_names_nobody(robin: Known) -> None:
    answer = send("/send", b"", "application/json", robin.agent_key)
    assert (answer.status, answer.body["code"]) == (400, "bad_address")
