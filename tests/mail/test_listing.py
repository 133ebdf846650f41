"""``/list`` and ``/mark_read`` over mail that went through the real pipeline."""

from __future__ import annotations

import json
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from postbox.identity import keys
from postbox.identity.models import AgentKey
from postbox.ingest import work
from postbox.lib import clock
from postbox.mail import listing
from postbox.mail.keys import message_key, seal_part
from postbox.mail.models import Direction, Message, MessageContent, MessageKey, Status
from tests.callers import call
from tests.people import Known, deliver, known_agent, mail

pytestmark = pytest.mark.django_db

SHAPE = {
    "id", "direction", "status", "agent_id", "thread_id", "message_id", "from", "to", "cc", "subject", "text",
    "reply_text", "text_truncated", "received_at", "injection_score", "thread_taint", "quarantined", "reasons", "auth",
    "links", "images", "attachments", "read", "folder", "labels",
}  # fmt: skip


@pytest.fixture
def robin() -> Known:
    return known_agent()


def screened(known: Known, count: int = 1, *, raw: bytes = b"") -> list[str]:
    """Mail that was screened, oldest first; the ids."""
    receipts = [deliver(raw or mail(f"Number {number}"), known.address) for number in range(count)]
    while work.run():
        pass
    return [str(row.id) for receipt in receipts for row in receipt.stored]


def quarantined(known: Known) -> str:
    (made,) = screened(known)
    Message.objects.filter(pk=made).update(status=Status.QUARANTINED, quarantined=True)
    return made


def listed(known: Known, **body: Any) -> list[str]:
    answer = call("/list", body, known.agent_key)
    assert answer.status == 200, answer.body
    assert answer.body["count"] == len(answer.body["messages"])
    return [message["id"] for message in answer.body["messages"]]


def test_a_message_has_the_documented_shape(robin: Known) -> None:
    raw = mail("Thursday", "Does it arrive on Thursday?", headers="Cc: Bo <bo@example.org>\r\n")
    screened(robin, raw=raw)
    answer = call("/list", {}, robin.agent_key)
    (message,) = answer.body["messages"]
    assert set(message) == SHAPE
    assert set(answer.body) == {"count", "next_page_token", "messages"}
    assert answer.body["next_page_token"] is None
    assert (message["agent_id"], message["subject"]) == ("robin", "Thursday")
    assert message["from"] == "Ann Mercer <ann@mercer-bikes.example>"
    assert message["cc"] == ["Bo <bo@example.org>"]
    assert message["text"].strip() == "Does it arrive on Thursday?"
    assert message["auth"] == dict.fromkeys(("spf", "dkim", "dmarc", "arc"), "none") | {"aligned_domain": ""}
    assert message["read"] is False


def test_pages_hold_every_message_once_newest_first(robin: Known) -> None:
    ids = screened(robin, 7)
    seen: list[str] = []
    sizes: list[int] = []
    token: str | None = None
    while True:
        body: dict[str, Any] = {"limit": 3, "page_token": token} if token else {"limit": 3}
        answer = call("/list", body, robin.agent_key)
        seen += [message["id"] for message in answer.body["messages"]]
        sizes.append(answer.body["count"])
        token = answer.body["next_page_token"]
        if token is None:
            break
        deliver(mail("while the pages are read"), robin.address)
        work.run()
    assert sizes == [3, 3, 1]
    assert seen == ids[::-1]


def test_a_last_page_that_is_full_has_no_next(robin: Known) -> None:
    screened(robin, 2)
    assert call("/list", {"limit": 2}, robin.agent_key).body["next_page_token"] is None


def test_a_page_token_is_of_its_own_list_alone(robin: Known) -> None:
    screened(robin, 2)
    token = call("/list", {"limit": 1}, robin.agent_key).body["next_page_token"]
    other = known_agent("wren")
    lists: list[tuple[str, dict[str, Any]]] = [
        (robin.agent_key, {"unread": True}),
        (robin.agent_key, {"since": "2026-01-01T00:00:00Z"}),
        (robin.agent_key, {"direction": "inbound"}),
        (robin.agent_key, {"quarantined": True}),
        (other.agent_key, {}),
    ]
    for key, body in lists:
        refused = call("/list", {**body, "page_token": token}, key)
        assert (refused.status, refused.body["code"]) == (400, "bad_page_token")
        assert "page_token" in refused.wrong
    assert call("/list", {"page_token": token, "limit": 100}, robin.agent_key).status == 200


def test_quarantined_mail_comes_only_when_asked_for(robin: Known) -> None:
    (plain,) = screened(robin)
    bad = quarantined(robin)
    assert listed(robin) == listed(robin, quarantined=False) == [plain]
    assert listed(robin, quarantined=True) == [bad, plain]


def test_refused_and_waiting_mail_never_comes(robin: Known) -> None:
    (refused,) = screened(robin)
    Message.objects.filter(pk=refused).update(status=Status.REFUSED)
    deliver(mail("still waiting"), robin.address)
    assert Message.objects.filter(status=Status.RECEIVED).count() == 1
    assert listed(robin) == listed(robin, quarantined=True) == []


def test_no_agent_sees_anothers_mail(robin: Known) -> None:
    wren = known_agent("wren")
    (hers,) = screened(wren)
    assert listed(robin) == []
    assert call("/mark_read", {"ids": [hers]}, robin.agent_key).body == {"updated": 0}
    assert listed(wren, unread=True) == [hers]


def test_direction_and_since_narrow_the_list(robin: Known) -> None:
    old, new = screened(robin, 2)
    Message.objects.filter(pk=new).update(direction=Direction.OUTBOUND)
    assert listed(robin, direction="inbound") == [old]
    assert listed(robin, direction="outbound") == [new]
    at = Message.objects.get(pk=old).received_at
    assert listed(robin, since=at.isoformat()) == [new]
    assert listed(robin, since=(at - timedelta(microseconds=1)).isoformat()) == [new, old]
    assert listed(robin, since="9999-12-31T23:59:59Z") == []
    assert listed(robin, since="0001-01-01T00:00:00Z") == [new, old]


def test_a_time_without_an_offset_is_utc(robin: Known) -> None:
    (made,) = screened(robin)
    at = Message.objects.get(pk=made).received_at
    assert listed(robin, since=at.replace(tzinfo=None).isoformat()) == []
    assert listed(robin, since=(at - timedelta(seconds=1)).replace(tzinfo=None).isoformat()) == [made]


def test_a_clock_that_was_set_back_hides_no_mail(robin: Known) -> None:
    """The id says when the row was made, received_at what the clock said: they may differ."""
    with clock.frozen(datetime.now(UTC) + timedelta(minutes=50)):
        (made,) = screened(robin)
        assert listed(robin, since=(clock.now() - timedelta(seconds=1)).isoformat()) == [made]


def test_marking_as_read(robin: Known) -> None:
    ids = screened(robin, 3)
    asked = {"ids": [ids[0], ids[1], ids[1], str(uuid.uuid4())]}
    assert call("/mark_read", asked, robin.agent_key).body == {"updated": 2}
    assert call("/mark_read", asked, robin.agent_key).body == {"updated": 0}
    assert listed(robin, unread=True) == [ids[2]]
    assert listed(robin, unread=False) == ids[::-1]
    read = {message["id"]: message["read"] for message in call("/list", {}, robin.agent_key).body["messages"]}
    assert read == {ids[0]: True, ids[1]: True, ids[2]: False}


def test_mail_that_cannot_be_listed_cannot_be_marked(robin: Known) -> None:
    waiting = str(deliver(mail(), robin.address).stored[0].id)
    assert call("/mark_read", {"ids": [waiting]}, robin.agent_key).body == {"updated": 0}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "5"}, "limit"),
        ({"limit": True}, "limit"),
        ({"limit": 10**400}, "limit"),
        ({"since": "yesterday"}, "since"),
        ({"since": 5}, "since"),
        ({"since": "0001-01-01T00:00:00+23:00"}, "since"),
        ({"direction": "sideways"}, "direction"),
        ({"direction": ["inbound"]}, "direction"),
        ({"unread": "true"}, "unread"),
        ({"quarantined": None}, "quarantined"),
        ({"page_token": ""}, "page_token"),
        ({"page_token": "a\x00b"}, "page_token"),
        ({"unraed": True}, "unraed"),
    ],
)
def test_a_wrong_value_is_named(robin: Known, body: dict[str, Any], path: str) -> None:
    answer = call("/list", body, robin.agent_key)
    assert (answer.status, answer.body["code"]) == (400, "invalid")
    assert list(answer.wrong) == [path]


@pytest.mark.parametrize("ids", [[], ["no id"], [5], "x", {}, None, [str(uuid.uuid4())] * 1001])
def test_mark_read_names_what_is_wrong_with_the_ids(robin: Known, ids: object) -> None:
    answer = call("/mark_read", {"ids": ids}, robin.agent_key)
    assert answer.status == 400
    assert next(iter(answer.wrong)).startswith("ids")


def test_erased_mail_is_listed_without_content(robin: Known) -> None:
    erased, kept = screened(robin, 2)
    assert MessageKey.objects.filter(pk=erased).delete()[0] == 1
    newest, oldest = call("/list", {}, robin.agent_key).body["messages"]
    assert (newest["id"], newest["subject"]) == (kept, "Number 1")
    assert (oldest["id"], oldest["subject"], oldest["text"]) == (erased, "", "")
    assert oldest["reasons"] == [listing.ERASED]
    assert set(oldest) == SHAPE


def test_an_agents_erased_data_key_leaves_facts_without_content(robin: Known) -> None:
    screened(robin)
    AgentKey.objects.filter(agent=robin.agent).delete()
    keys.forget()
    (message,) = call("/list", {}, robin.agent_key).body["messages"]
    assert (message["text"], message["reasons"]) == ("", [listing.ERASED])


def test_content_that_was_swapped_or_lost_fails_no_page(robin: Known) -> None:
    one, two, three = (uuid.UUID(made) for made in screened(robin, 3))
    other = MessageContent.objects.get(pk=one).body
    MessageContent.objects.filter(pk=two).update(body=other)
    MessageContent.objects.filter(pk=three).delete()
    messages = call("/list", {}, robin.agent_key).body["messages"]
    assert [message["reasons"] for message in messages[:2]] == [[listing.UNREADABLE]] * 2
    assert [message["text"] for message in messages[:2]] == ["", ""]
    assert messages[2]["subject"] == "Number 0"


def test_a_missing_master_key_is_the_operators_fault_not_the_mails(robin: Known, settings: Any) -> None:
    from postbox.lib.envelope import MasterKeys

    screened(robin)
    keys.forget()
    settings.POSTBOX_MASTER_KEYS = MasterKeys("b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q=")
    answer = call("/list", {}, robin.agent_key)
    assert (answer.status, answer.body["code"]) == (503, "keys_unavailable")


@pytest.mark.parametrize("count", [1, 20])
def test_a_page_costs_two_queries_whatever_its_size(robin: Known, count: int) -> None:
    screened(robin, count)
    call("/list", {"limit": 1}, robin.agent_key)  # notes the use of the key, which is once a minute
    keys.forget()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(listed(robin, limit=100)) == count
    assert len(queries) == 3  # the key, the page, and the agent's data key, which is then kept for a minute
    with CaptureQueriesContext(connection) as queries:
        listed(robin, limit=100)
    assert len(queries) == 1


def test_a_page_is_read_off_an_index(robin: Known) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    rows = listing._with_content(listing._visible(robin.agent.id, listing.Query()))[:51]
    plan = rows.explain()
    assert "Index Scan using messages_agent" in plan, plan
    assert "Sort" not in plan, plan


@pytest.mark.django_db(transaction=True)
def test_two_who_mark_the_same_mail_at_once_count_it_once() -> None:
    robin = known_agent()
    ids = [uuid.UUID(made) for made in screened(robin, 20)]
    updated: list[int] = []
    start = threading.Barrier(4)

    def mark(order: list[uuid.UUID]) -> None:
        start.wait()
        try:
            updated.append(listing.mark_read(robin.agent.id, order))
        finally:
            connection.close()

    threads = [threading.Thread(target=mark, args=(ids[:: 1 if turn % 2 else -1],)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(updated) == 4
    assert sum(updated) == 20


def test_reply_text_is_the_writers_own_and_links_say_whether_they_mislead(robin: Known) -> None:
    html = (
        "<p>Yes, Tuesday.</p><a href='https://evil.example/'>https://bank.example/</a> <a href='https://a.example'>here</a>"
        "<div class='gmail_quote'>On Mon, Jan 1, 2024 at 10:00 AM Ann &lt;ann@example.com&gt; wrote:<br>"
        "<blockquote>Does it arrive?</blockquote></div>"
    )
    raw = mail("Re: Thursday", html).replace(b"text/plain", b"text/html")
    if b"text/html" not in raw:
        raw = raw.replace(b"\r\n\r\n", b"\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n", 1)
    screened(robin, raw=raw)
    (message,) = call("/list", {}, robin.agent_key).body["messages"]
    assert "> Does it arrive?" in message["text"]
    assert message["reply_text"].split("\n\n") == ["Yes, Tuesday.", "https://bank.example/ here"]
    assert [(link["url"], link["mismatch"]) for link in message["links"][:2]] == [
        ("https://evil.example/", True),
        ("https://a.example", False),
    ]


def test_content_that_was_sealed_before_there_was_reply_text_still_opens(robin: Known) -> None:
    (made,) = screened(robin)
    message = Message.objects.get(pk=made)
    key = message_key(message.id, message.agent_id)
    old = {"subject": "Old", "text": "Own\n\n> quoted", "links": [{"text": "a", "url": "https://a.example"}]}
    sealed = seal_part(key, json.dumps(old).encode(), message.id, "content", message.agent_id)
    MessageContent.objects.filter(pk=message.id).update(body=sealed)
    (found,) = call("/list", {}, robin.agent_key).body["messages"]
    assert (found["text"], found["reply_text"]) == ("Own\n\n> quoted",) * 2
    assert found["links"] == [{"text": "a", "url": "https://a.example", "mismatch": False}]
