"""Who asks for no more mail, at the address or the URL that a mail offers, gets none; and no answer."""

from __future__ import annotations

import email
import re
from email.message import Message as Mail
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from outbound import work
from outbound.models import Outgoing
from outbound.transports.mailbox import Mailbox
from postbox.audit.models import AuditRecord
from postbox.identity.return_paths import answered, return_path
from postbox.ingest import work as ingest
from postbox.lib.ids import uuid7
from postbox.mail.models import Direction, Message, MessageKey
from postbox.mail.raw import raw_of
from reputation.models import Suppression
from reputation.suppressions import find
from tests.callers import Answer, call, send
from tests.ingest.lmtp.door import running
from tests.people import Known, bridge_key, known_agent

ANNA, BEN = "anna@shop.example.net", "ben@shop.example.net"


@pytest.fixture
def robin(transactional_db: None, settings: Settings) -> Known:
    settings.POSTBOX_PUBLIC_URL = "https://mail.example.org"
    return known_agent()


def sent(robin: Known, *to: str, **more: Any) -> Mail:
    """A mail that offers our ways, as its readers get it."""
    body = {"to": list(to or (ANNA,)), "subject": "May", "text": f"News {uuid7()}", "unsubscribe": ["auto"]} | more
    answer = call("/send", body, robin.agent_key)
    assert answer.status == 202, answer.body
    work.run(Mailbox())
    return email.message_from_bytes(raw_of(Message.objects.get(pk=answer.body["id"]).id, robin.agent.id))


def urls(mail: Mail) -> list[str]:
    return re.findall(r"<([^>]+)>", "".join(mail["List-Unsubscribe"].split()))


def address(mail: Mail) -> str:
    return urls(mail)[-1].removeprefix("mailto:").partition("?")[0]


def path(mail: Mail) -> str:
    return urls(mail)[0].removeprefix("https://mail.example.org")


def write(to: str, sender: str = ANNA) -> Answer:
    raw = f"From: {sender}\r\nTo: {to}\r\nSubject: unsubscribe\r\n\r\nunsubscribe\r\n".encode()
    headers = {"HTTP_X_POSTBOX_MAIL_FROM": sender, "HTTP_X_POSTBOX_RCPT_TO": to}
    answer = send("/ingest", raw, "message/rfc822", bridge=bridge_key(), **headers)
    while ingest.run():
        pass
    work.run(Mailbox())
    return answer


def suppressed(robin: Known, *wanted: str) -> list[str]:
    found = find(robin.agent.owner_id, robin.agent.id, wanted or (ANNA, BEN))
    assert {item.reason for item in found} <= {"unsubscribed"}
    assert {item.until for item in found} <= {None}
    return [item.address for item in found]


def test_a_mail_offers_an_address_and_a_url_that_one_post_uses(robin: Known) -> None:
    mail = sent(robin)
    url, mailto = urls(mail)
    assert re.fullmatch(r"https://mail\.example\.org/unsubscribe/[0-9a-f]{32}\.[0-9a-f]{16}", url)
    assert re.fullmatch(r"mailto:unsubscribe\+[0-9a-f.]{49}@agents\.localhost\?subject=unsubscribe", mailto)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_mail_to_the_address_suppresses_its_recipient_for_that_agent(robin: Known) -> None:
    to, message = address(sent(robin)), Message.objects.get()
    answer = write(to.upper())
    assert (answer.status, answer.body["messages"], answer.body["rejected"]) == (202, [], [])
    assert answer.body["unsubscribed"] == [{"to": to, "id": str(message.id)}]
    assert suppressed(robin) == [ANNA]
    row = Suppression.objects.get()
    assert (row.owner_id, row.agent_id) == (robin.agent.owner_id, robin.agent.id)
    assert AuditRecord.objects.filter(action="suppression.put", actor="recipient").count() == 1
    refused = call("/send", {"to": ANNA, "text": "again"}, robin.agent_key)
    assert (refused.status, refused.body["code"]) == (403, "recipient_suppressed")
    assert find(robin.agent.owner_id, uuid7(), [ANNA]) == []  # another agent of the owner's


def test_it_is_no_mail_of_the_agent_and_never_answered(robin: Known) -> None:
    mail = sent(robin)
    rule = {"name": "all", "match": {"every_mail": True}, "actions": {"auto_reply": {"text": "Thank you."}}}
    assert call("/rule/put", rule, robin.agent_key).status == 200
    before = Outgoing.objects.count()
    write(address(mail))
    assert suppressed(robin) == [ANNA]
    assert not Message.objects.filter(direction=Direction.INBOUND).exists()
    assert Outgoing.objects.count() == before


def test_by_lmtp(robin: Known) -> None:
    to = address(sent(robin))
    with running() as door:
        talk = door.talk()
        assert talk(f"MAIL FROM:<{ANNA}>").startswith("250")
        assert talk(f"RCPT TO:<{to.replace('.', '.0', 1)[:-1]}>").startswith("55")
        assert talk(f"RCPT TO:<{to}>").startswith("250 2.1.5")
        assert talk("DATA").startswith("354")
        assert talk("Subject: unsubscribe\r\n\r\nplease\r\n.").startswith("250 2.1.5 Taken as the wish")
    work.run(Mailbox())
    assert suppressed(robin) == [ANNA]


def test_of_several_recipients_it_is_the_one_that_writes(robin: Known) -> None:
    mail = sent(robin, ANNA, BEN)
    assert len(urls(mail)) == 1  # a URL would not know who
    assert "List-Unsubscribe-Post" not in mail
    write(address(mail), "stranger@other.example")
    assert suppressed(robin) == []
    assert AuditRecord.objects.filter(action="outbound.unsubscribe_unknown").count() == 1
    write(address(mail), BEN.upper())
    assert suppressed(robin) == [BEN]


def test_one_click(robin: Known) -> None:
    where, client = path(sent(robin)), Client(enforce_csrf_checks=True)
    page = client.get(where)
    assert (page.status_code, b"<button" in page.content, ANNA.encode() in page.content) == (200, True, False)
    assert client.head(where).status_code == 200
    assert client.post(where, {"something": "else"}).status_code == 400
    assert suppressed(robin) == []
    for _ in range(2):
        assert client.post(where, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert suppressed(robin) == [ANNA]
    assert Suppression.objects.count() == 1
    assert not client.cookies


def test_one_click_as_mail_programs_send_it(robin: Known) -> None:
    where = path(sent(robin))
    said = "List-Unsubscribe=One-Click"
    assert Client().post(where, said, content_type="application/x-www-form-urlencoded").status_code == 200
    assert suppressed(robin) == [ANNA]


def test_nobody_makes_up_an_address_or_a_url(robin: Known) -> None:
    mail, message = sent(robin), Message.objects.get()
    bounce_mark = return_path(message.id, robin.address).partition("+")[2].partition("@")[0]
    assert answered(f"unsubscribe+{bounce_mark}@agents.localhost") is None
    forged = path(mail)[:-1] + ("0" if path(mail)[-1] != "0" else "1")
    for where in (forged, f"/unsubscribe/{bounce_mark}", "/unsubscribe/x"):
        assert Client().post(where, {"List-Unsubscribe": "One-Click"}).status_code == 404
    assert suppressed(robin) == []


def test_of_a_mail_that_is_gone(robin: Known) -> None:
    mail = sent(robin)
    MessageKey.objects.all().delete()
    answer = write(address(mail))
    assert (answer.status, len(answer.body["unsubscribed"])) == (202, 1)
    Outgoing.objects.all().delete()
    assert Client().post(path(mail), {"List-Unsubscribe": "One-Click"}).status_code == 404
    assert suppressed(robin) == []


def test_without_https_there_is_the_address_alone(robin: Known, settings: Settings) -> None:
    settings.POSTBOX_PUBLIC_URL = "http://127.0.0.1:8000"
    mail = sent(robin)
    assert len(urls(mail)) == 1
    assert "List-Unsubscribe-Post" not in mail


def test_a_senders_own_urls_stay_as_they_are(robin: Known) -> None:
    mail = sent(robin, unsubscribe=["https://shop.example/u"])
    assert urls(mail) == ["https://shop.example/u"]
    answer = call("/send", {"to": ANNA, "text": "x", "unsubscribe": ["automatic"]}, robin.agent_key)
    assert answer.status == 400
