"""The outbox at the desk: what is shown of sent mail, and what a person decides of mail that waits."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from outbound.models import OutboundRecipient, Outgoing
from postbox.audit.models import AuditRecord
from postbox.mail.models import Message, Status
from tests.admin.operators import client_of, operator, superuser, viewer
from tests.admin.outbox import bounced, kept, unknown, written
from tests.people import Known, known_agent

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "admin:outbound_outgoing_changelist"
ACTIONS = {"held": {"release", "reject"}, "unknown": {"arrived", "again", "lost"}, "queued": set()}
SUBMITTED = {"_form_submitted": "True"}


def page_of(message_id: uuid.UUID) -> str:
    return reverse("admin:outbound_outgoing_change", args=[message_id])


def button(action: str, message_id: uuid.UUID) -> str:
    return reverse(f"admin:outbound_outgoing_{action}_one", args=[message_id])


def state_of(message_id: uuid.UUID) -> str:
    row, message = Outgoing.objects.get(pk=message_id), Message.objects.get(pk=message_id)
    assert row.state == message.status
    return row.state


@pytest.fixture
def robin() -> Known:
    return known_agent()


@pytest.fixture
def otto() -> Client:
    return client_of(operator())


def test_a_mails_page_says_what_became_of_it(robin: Known) -> None:
    message_id = bounced(robin)
    client = client_of(viewer())
    page = client.get(page_of(message_id)).text
    for said in (
        "Your order",
        "It is on its way.",
        "gone@ek.example",
        "HardBounce",
        "5.1.1",
        "No recipient is suppressed",
    ):
        assert said in page, said
    assert "The server said 250" in page
    assert AuditRecord.objects.get(action="message.read").subject == str(message_id)
    assert client.get(reverse("admin:mail_message_change", args=[message_id])).status_code == 200


def test_a_button_is_there_for_whom_and_when_it_is_for(robin: Known, otto: Client) -> None:
    mails = {"unknown": unknown(robin), "held": kept(robin), "queued": written(robin)}
    vera = client_of(viewer())
    every = set().union(*ACTIONS.values())
    for state, message_id in mails.items():
        assert state_of(message_id) == state
        shown, plain = otto.get(page_of(message_id)).text, vera.get(page_of(message_id)).text
        assert {name for name in every if button(name, message_id) in shown} == ACTIONS[state]
        assert not {name for name in every if button(name, message_id) in plain}
        for name in every:
            assert vera.post(button(name, message_id), SUBMITTED).status_code == 403
        assert state_of(message_id) == state


def test_held_mail_is_released_and_rejected(robin: Known, otto: Client) -> None:
    first, second = kept(robin), kept(robin, "bo@ek.example")
    assert "Release this mail?" in otto.get(button("release", first)).text
    assert state_of(first) == Status.HELD
    otto.post(button("release", first), SUBMITTED)
    otto.post(button("reject", second), SUBMITTED | {"reason": "Names a customer"})
    assert (state_of(first), state_of(second)) == (Status.QUEUED, Status.FAILED)
    assert OutboundRecipient.objects.get(message_id=second).last_detail == "Names a customer"
    assert "A person rejected it" in otto.get(page_of(second)).text


@pytest.mark.parametrize(("action", "after"), [("arrived", "accepted"), ("again", "queued"), ("lost", "failed")])
def test_unknown_mail_is_settled(robin: Known, otto: Client, action: str, after: str) -> None:
    message_id = unknown(robin)
    otto.post(button(action, message_id), SUBMITTED)
    assert state_of(message_id) == after


def test_several_are_decided_at_once_after_a_question(robin: Known, otto: Client) -> None:
    waiting, sent = [kept(robin, f"p{n}@ek.example") for n in range(3)], written(robin)
    asked = {"action": "release_selected", "_selected_action": [str(one) for one in (*waiting, sent)]}
    page = otto.post(reverse(LIST), asked)
    assert "3 of 4 are held" in page.text
    assert {state_of(one) for one in waiting} == {Status.HELD}
    done = otto.post(reverse(LIST), asked | {"confirmed": "yes"}, follow=True)
    assert {state_of(one) for one in waiting} == {Status.QUEUED}
    assert "3 mails released." in done.text
    assert f"{sent}: this message is queued, not held." in done.text


def test_what_a_gate_still_says_no_to_is_said(robin: Known, otto: Client) -> None:
    message_id = kept(robin)
    robin.agent.state = "killed"
    robin.agent.save()
    page = otto.post(button("release", message_id), SUBMITTED, follow=True)
    assert "The agent was killed" in page.text
    assert state_of(message_id) == Status.HELD


def test_a_mail_is_found_by_its_recipient_its_id_and_what_holds_it(robin: Known, otto: Client) -> None:
    first, second = kept(robin, "bo@ek.example"), kept(robin, code="busy_thread")
    written(robin, "cy@ek.example")

    def found(**query: str) -> set[uuid.UUID]:
        return {row.pk for row in otto.get(reverse(LIST), query).context["cl"].result_list}

    assert found(q="bo@ek.example") == found(q=str(first)) == {first}
    assert found(held="busy_thread") == {second}
    assert found(state__exact="held") == {first, second}
    assert found(q="nobody@ek.example") == set()


def test_a_long_outbox_costs_no_more_queries_than_a_short_one(robin: Known) -> None:
    client = client_of(superuser())
    pages = [reverse(LIST), reverse("admin:outbound_deliveryreport_changelist"), reverse("admin:index")]
    bounced(robin, "b0@ek.example")
    kept(robin)
    first = [_queries(client, url) for url in pages for _ in (0, 1)][1::2]
    for number in range(1, 6):
        known = known_agent(f"agent{number}")
        bounced(known, f"b{number}@ek.example")
        kept(known)
    assert [_queries(client, url) for url in pages] == first
    assert max(first) < 26


def _queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_the_front_page_says_what_waits_and_how_mail_fares(robin: Known) -> None:
    bounced(robin)
    kept(robin)
    figures = {one.label: one for one in client_of(superuser()).get(reverse("admin:index")).context["figures"]}
    shown = {name: figures[name].value for name in ("Held", "Sent", "Bounced", "Complained")}
    assert shown == {"Held": "1", "Sent": "1", "Bounced": "1", "Complained": "0"}
    assert figures["Held"].level == "warning"


def test_hostile_words_of_servers_and_agents_stay_words(robin: Known) -> None:
    bad = "<script>alert(1)</script>"
    message_id = written(robin, text=f"{bad} {{{{ 7 }}}}")
    OutboundRecipient.objects.update(last_detail=bad, bounce_detail=bad, bounced_at="2026-01-01T00:00:00Z", address=bad)
    Message.objects.update(rcpt_to=bad, header_from=bad)
    client = client_of(superuser())
    for url in (page_of(message_id), reverse(LIST)):
        page = client.get(url).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
