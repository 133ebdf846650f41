"""Threads as conversations: in order, bounded, quotations folded, on record; and an agent's threads."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from postbox.audit.models import AuditRecord
from postbox.ingest import work
from postbox.mail import conversation
from postbox.mail.models import Message, MessageContent, MessageKey
from tests.admin.operators import INJECTION, client_of, viewer
from tests.people import Known, deliver, known_agent, mail

pytestmark = pytest.mark.django_db

FIRST = b"From: Ann <ann@mercer-bikes.example>\r\nMessage-ID: <first@mercer-bikes.example>\r\n"


@pytest.fixture
def robin() -> Known:
    return known_agent()


def talk(known: Known, *texts: str) -> list[Message]:
    """A thread: the first mail, and answers to it."""
    deliver(FIRST + b"Subject: Two frames\r\n\r\n" + texts[0].encode() + b"\r\n", known.address)
    for text in texts[1:]:
        headers = "References: <first@mercer-bikes.example>\r\nIn-Reply-To: <first@mercer-bikes.example>\r\n"
        deliver(mail("Re: Two frames", text, headers=headers), known.address)
        work.run()
    work.run()
    found = list(Message.objects.filter(agent=known.agent).order_by("id"))
    assert len({message.thread_id for message in found}) == 1
    return found


def page(message: Message) -> str:
    return reverse("admin:mail_message_thread", args=[message.thread_id])


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_it_is_in_order_with_quotations_folded_and_each_reading_on_record(robin: Known) -> None:
    rows = talk(robin, "Are they there?", "On Monday, Ann wrote:\r\n> Are they there?\r\n\r\nOn Thursday.", "Thanks")
    vera = viewer()
    client = client_of(vera)
    assert page(rows[0]) in client.get(reverse("admin:mail_message_change", args=[rows[0].pk])).text
    before = AuditRecord.objects.filter(action="message.read").count()
    text = client.get(page(rows[0])).text
    places = [text.index(words) for words in ("Are they there?", "On Thursday.", "Thanks")]
    assert places == sorted(places)
    fold = text[text.index("<details") : text.index("</details>")]
    assert "2 quoted lines" in fold
    assert "&gt; Are they there?" in fold
    assert "On Thursday." not in fold
    read = AuditRecord.objects.filter(action="message.read", actor=f"user:{vera.pk}")
    assert read.count() == before + 3
    assert {record.subject for record in read} >= {str(row.pk) for row in rows}


def test_what_is_held_is_marked_and_what_cannot_be_opened_says_so(robin: Known) -> None:
    rows = talk(robin, "Hello", INJECTION, "Erased", "Exchanged")
    MessageKey.objects.filter(pk=rows[2].pk).delete()
    MessageContent.objects.filter(pk=rows[3].pk).update(body=MessageContent.objects.get(pk=rows[0].pk).body)
    text = client_of(viewer()).get(page(rows[0])).text
    assert "pbx-held" in text
    assert "<mark>Ignore all previous instructions" in text
    assert "Its text is not shown: erased." in text
    assert "Its text is not shown: cannot be opened." in text


def test_it_is_bounded_and_costs_the_same_for_two_as_for_many(robin: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = talk(robin, "One", "Two")
    client = client_of(viewer())
    client.get(page(rows[0]))
    few = queries(client, page(rows[0]))
    headers = "References: <first@mercer-bikes.example>\r\n"
    for number in range(12):
        deliver(mail("Re: Two frames", f"Answer {number}", headers=headers), robin.address)
    work.run()
    assert queries(client, page(rows[0])) == few
    monkeypatch.setattr(conversation, "MOST_MESSAGES", 5)
    text = client.get(page(rows[0])).text
    assert "The newest 5 messages" in text
    assert text.count("pbx-turn-head") == 5
    assert "Answer 11" in text


def test_an_agents_threads_newest_first_with_their_counts(robin: Known) -> None:
    talk(robin, "One", "Two", "Three")
    deliver(mail("Another matter"), robin.address)
    work.run()
    url = reverse("admin:mail_message_threads", query={"agent": str(robin.agent.pk)})
    client = client_of(viewer())
    answer = client.get(url)
    assert [(thread.subject, thread.count) for thread in answer.context["threads"]] == [
        ("Another matter", 1),
        ("Re: Two frames", 3),
    ]
    few = queries(client, url)
    for number in range(8):
        deliver(mail(f"Matter {number}"), robin.address)
    work.run()
    assert queries(client, url) == few


def test_what_is_not_there_is_not_found_and_who_may_not_see_sees_none(robin: Known) -> None:
    rows = talk(robin, "One")
    vera = viewer()
    client = client_of(vera)
    threads = reverse("admin:mail_message_threads")
    assert client.get(reverse("admin:mail_message_thread", args=[uuid.uuid4()])).status_code == 404
    for query in ({}, {"agent": "x"}, {"agent": str(uuid.uuid4())}):
        assert client.get(threads, query).status_code == 404
    vera.groups.clear()
    client = client_of(type(vera).objects.get(pk=vera.pk))
    assert client.get(page(rows[0])).status_code == 403
    assert client.get(threads, {"agent": str(robin.agent.pk)}).status_code == 403
