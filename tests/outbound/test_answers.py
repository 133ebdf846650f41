"""Answers to stored messages and forwards of them, through `/send`."""

from __future__ import annotations

import base64

import pytest
from django.test import Client

from postbox.ingest import work
from postbox.mail.models import Message
from postbox.mail.raw import raw_of
from tests.callers import call
from tests.people import ANN, Known, deliver, known_agent, mail

FILE = {"name": "invoice.csv", "type": "text/csv", "content": base64.b64encode(b"amount\n412.80\n").decode()}


@pytest.fixture
def robin(transactional_db: None) -> Known:
    return known_agent()


def sent(robin: Known, **changes: object) -> Message:
    answer = call("/send", changes, robin.agent_key)
    assert answer.status == 202, answer.body
    return Message.objects.get(pk=answer.body["id"])


def octets(message: Message) -> str:
    return raw_of(message.id, message.agent_id).decode()


def test_a_file_that_was_sent_is_fetched_by_the_id_that_the_list_gives(robin: Known) -> None:
    sent(robin, to=ANN, text="Attached", attachments=[FILE, FILE | {"name": "b.csv", "content": "Yg=="}])
    first, second = call("/list", {}, robin.agent_key).body["messages"][0]["attachments"]

    def fetched(file: dict[str, str], known: Known) -> tuple[int, bytes]:
        answer = Client().get(f"/attachment/{file['id']}", headers={"authorization": f"Bearer {known.agent_key}"})
        return answer.status_code, answer.getvalue()

    assert fetched(first, robin) == (200, b"amount\n412.80\n")
    assert fetched(second, robin) == (200, b"b")
    assert fetched(first, known_agent("wren"))[0] == 404


def test_a_sent_mail_is_forwarded_with_its_files_and_under_words_that_were_html(robin: Known) -> None:
    first = sent(robin, to=ANN, subject="Invoice", text="Attached", attachments=[FILE])
    again = octets(sent(robin, to="bo@ek.example", forward=str(first.id), html="<p>As <b>promised</b>"))
    assert "Subject: Fwd: Invoice" in again
    assert "As promised" in again
    assert FILE["content"] in again


def test_an_answer_to_ones_own_mail_goes_to_whom_it_was_written(robin: Known) -> None:
    first = sent(robin, to=ANN, cc="bo@ek.example", subject="Invoice", text="Attached")
    assert f"To: {ANN}\r\n" in octets(sent(robin, in_reply_to=str(first.id), text="Did it come?"))
    everybody = octets(sent(robin, in_reply_to=str(first.id), reply_all=True, text="Did it come to you?"))
    assert f"To: {ANN}\r\n" in everybody
    assert "Cc: bo@ek.example\r\n" in everybody


def test_a_mail_from_outside_is_answered_at_its_author(robin: Known) -> None:
    deliver(mail("Two frames"), robin.address)
    work.run()
    got = Message.objects.get()
    assert "To: Ann Mercer <ann@mercer-bikes.example>" in octets(sent(robin, in_reply_to=str(got.id), text="Yes"))


@pytest.mark.parametrize(
    ("changes", "path"),
    [({}, "text"), ({"text": "", "html": ""}, "text"), ({"text": "Hi", "reply_all": True}, "reply_all")],
)
def test_what_lacks_its_other_half_is_refused(robin: Known, changes: dict[str, object], path: str) -> None:
    answer = call("/send", {"to": ANN, "subject": "Hi"} | changes, robin.agent_key)
    assert (answer.status, [error["path"] for error in answer.body["errors"]]) == (400, [path])


def test_automata_are_told_that_no_person_wrote_it_unless_one_did(robin: Known) -> None:
    first = sent(robin, to=ANN, text="One")
    for message in (first, sent(robin, in_reply_to=str(first.id), text="Two")):
        assert octets(message).count("Auto-Submitted: auto-generated\r\n") == 1
    assert "Auto-Submitted" not in octets(sent(robin, to=ANN, text="Three", by_person=True))
