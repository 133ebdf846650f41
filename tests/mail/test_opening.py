"""Opening the contents of a page of messages at once: what it gives, what it asks, and what it says where it cannot."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from postbox.identity import keys
from postbox.identity.models import AgentKey
from postbox.ingest import work
from postbox.mail import opening
from postbox.mail.content import Content, subject_of
from postbox.mail.models import Message, MessageContent, MessageKey
from tests.people import deliver, known_agent, mail

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "subject", ["Hello", "", 'a ","subject":"b', "\\", 'x\\","text":"', "ü ☃ \U0001f600", "l" * 9_000, "é" * 5_000]
)
def test_the_subject_is_found_without_reading_the_rest(subject: str) -> None:
    odd = ',"subject":"no"'
    content = Content(message_id=odd, from_=f'"{odd}" <x@y.example>', to=[odd, "subject"], subject=subject, text=odd)
    assert subject_of(content.dump()) == subject


def test_a_page_is_opened_by_one_query_and_one_for_the_agents_keys() -> None:
    for name in ("robin", "wren", "jay"):
        known = known_agent(name)
        deliver(mail(f"For {name}"), known.address)
        deliver(mail(f"More for {name}"), known.address)
    work.run()
    rows = list(Message.objects.order_by("id"))
    keys.forget()
    for expected in (2, 1):
        with CaptureQueriesContext(connection) as captured:
            said = opening.subjects(rows)
        assert len(captured) == expected
    assert [said[row.id] for row in rows][:2] == ["For robin", "More for robin"]
    with CaptureQueriesContext(connection) as captured:
        assert opening.subjects([]) == {}
    assert len(captured) == 0


def test_each_that_cannot_be_opened_says_why_and_the_others_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    known, erased_agent = known_agent(), known_agent("wren")
    for number in range(5):
        deliver(mail(f"Mail {number}", "x" * (9_000 if number == 4 else 10)), known.address)
    deliver(mail("Wren's"), erased_agent.address)
    work.run()
    deliver(mail("Waiting"), known.address)
    good, erased, exchanged, _, long, of_wren, waiting = rows = list(Message.objects.order_by("id"))
    MessageKey.objects.filter(pk=erased.pk).delete()
    MessageContent.objects.filter(pk=exchanged.pk).update(body=MessageContent.objects.get(pk=good.pk).body)
    AgentKey.objects.filter(agent=erased_agent.agent).delete()
    keys.forget()
    monkeypatch.setattr(opening, "MOST_OCTETS", 8_000)
    found = opening.opened(rows)
    assert {row.pk: found[row.pk].problem for row in (good, erased, exchanged, long, of_wren, waiting)} == {
        good.pk: "",
        erased.pk: opening.ERASED,
        exchanged.pk: opening.UNREADABLE,
        long.pk: opening.TOO_LONG,
        of_wren.pk: opening.ERASED,
        waiting.pk: opening.NOT_EXAMINED,
    }
    assert opening.subjects(rows)[good.pk] == "Mail 0"
    assert opening.subjects(rows)[erased.pk] is None
