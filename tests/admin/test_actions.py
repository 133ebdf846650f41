"""What an operator does with messages, and that a viewer is offered none of it."""

from __future__ import annotations

import json

import pytest
from celery import current_app
from django.urls import reverse

from postbox.audit.models import AuditRecord
from postbox.events.models import Event, EventCopy
from postbox.ingest.release import quarantine, reject, release
from postbox.mail import listing
from postbox.mail.keys import message_key, open_part
from postbox.mail.models import IllegalTransition, Message
from tests.admin.operators import INJECTION, client_of, operator, processed, quarantined, viewer
from tests.people import deliver, known_agent, mail

pytestmark = pytest.mark.django_db

LIST = "admin:mail_message_changelist"
ACTIONS = ("release", "reject", "quarantine", "rescore")
SUBMITTED = {"_form_submitted": "True"}


def _url(action: str, message: Message) -> str:
    return reverse(f"admin:mail_message_{action}_one", args=[message.pk])


def _page(message: Message) -> str:
    return reverse("admin:mail_message_change", args=[message.pk])


def _body(event: Event, message: Message) -> dict[str, object]:
    key = message_key(message.pk, message.agent_id)
    body: dict[str, object] = json.loads(open_part(key, bytes(event.body), message.pk, "event", message.agent_id))
    return body


def test_a_viewer_sees_no_action_and_may_call_none() -> None:
    message = quarantined(known_agent())
    client = client_of(viewer())
    page, listed = client.get(_page(message)).text, client.get(reverse(LIST)).text
    for action in ACTIONS:
        assert _url(action, message) not in page
        assert client.get(_url(action, message)).status_code == 403
        assert client.post(_url(action, message), SUBMITTED).status_code == 403
        assert f"{action}_selected" not in listed
    client.post(reverse(LIST), {"action": "release_selected", "_selected_action": [str(message.pk)]})
    message.refresh_from_db()
    assert message.status == "quarantined"


def test_an_operator_sees_the_actions_that_the_state_allows() -> None:
    known = known_agent()
    held, passed = quarantined(known), processed(known, mail())
    client = client_of(operator())
    offered = {
        message.status: {action for action in ACTIONS if _url(action, message) in client.get(_page(message)).text}
        for message in (held, passed)
    }
    assert offered == {"quarantined": {"release", "reject", "rescore"}, "processed": {"quarantine", "rescore"}}


def test_looking_at_a_dialog_does_nothing() -> None:
    message = quarantined(known_agent())
    assert "Release this message?" in client_of(operator()).get(_url("release", message)).text
    message.refresh_from_db()
    assert message.status == "quarantined"


def test_release_lets_it_go_tells_the_agent_and_is_on_record() -> None:
    message = quarantined(known_agent())
    otto = operator()
    answer = client_of(otto).post(_url("release", message), SUBMITTED, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == _page(message)
    message.refresh_from_db()
    assert (message.status, message.quarantined) == ("processed", False)
    first, second = Event.objects.filter(message_id=message.pk).order_by("id")
    assert (first.kind, second.kind) == ("message.quarantined", "message.received")
    body = _body(second, message)
    assert body["type"] == "message.received"
    assert body["data"]["text"].strip() == INJECTION  # type: ignore[index]
    assert EventCopy.objects.filter(event=second, consumer="webhooks").exists()
    record = AuditRecord.objects.get(action="message.released")
    assert (record.actor, record.detail) == (f"user:{otto.pk}", {"before": "quarantined", "after": "processed"})


def test_quarantine_takes_it_back_without_repeating_the_text() -> None:
    message = processed(known_agent(), mail(text="A quiet word"))
    client_of(operator()).post(reverse(LIST), {"action": "quarantine_selected", "_selected_action": [str(message.pk)]})
    message.refresh_from_db()
    assert (message.status, message.quarantined) == ("quarantined", True)
    event = Event.objects.filter(message_id=message.pk).latest("id")
    assert event.kind == "message.quarantined"
    assert "A quiet word" not in json.dumps(_body(event, message))


def test_only_a_judged_message_moves_and_only_once() -> None:
    known = known_agent()
    waiting = Message.objects.get(pk=deliver(mail(), known.address).stored[0].id)
    for move in (release, quarantine):
        with pytest.raises(IllegalTransition):
            move(waiting.pk, actor="test")
    message = quarantined(known)
    release(message.pk, actor="test")
    with pytest.raises(IllegalTransition):
        release(message.pk, actor="test")
    assert AuditRecord.objects.filter(action="message.released").count() == 1


def test_reject_refuses_for_good_and_tells_nobody() -> None:
    message = quarantined(known_agent())
    told = Event.objects.filter(message_id=message.pk).count()
    otto = operator()
    client_of(otto).post(_url("reject", message), SUBMITTED)
    message.refresh_from_db()
    assert (message.status, message.quarantined, message.decided_by) == ("refused", False, f"user:{otto.pk}")
    assert Event.objects.filter(message_id=message.pk).count() == told
    record = AuditRecord.objects.get(action="message.rejected")
    assert (record.actor, record.detail) == (f"user:{otto.pk}", {"before": "quarantined", "after": "refused"})
    with pytest.raises(IllegalTransition):
        release(message.pk, actor="test")


def test_what_is_rejected_is_gone_from_its_agents_list() -> None:
    known = known_agent()
    message = quarantined(known)
    asked = listing.Query(quarantined=True)
    assert len(listing.page(known.agent.pk, asked, 10).messages) == 1
    reject(message.pk, actor="test")
    assert listing.page(known.agent.pk, asked, 10).messages == []


def test_what_cannot_move_is_said_and_the_others_move() -> None:
    known = known_agent()
    held, passed = quarantined(known), processed(known, mail())
    answer = client_of(operator()).post(
        reverse(LIST),
        {"action": "release_selected", "_selected_action": [str(held.pk), str(passed.pk)]},
        follow=True,
    )
    assert "1 message released." in answer.text
    assert f"{passed.pk}: this message is processed, not quarantined." in answer.text


def test_score_again_asks_a_worker_and_is_on_record() -> None:
    message = quarantined(known_agent())
    before = _waiting_in("score")
    answer = client_of(operator()).post(_url("rescore", message), SUBMITTED, follow=True)
    assert answer.redirect_chain == [(_page(message), 302)]
    assert "A worker scores 1 message again" in answer.text
    assert AuditRecord.objects.get(action="message.rescore_asked").subject == str(message.pk)
    assert _waiting_in("score") == before + 1


def _waiting_in(queue: str) -> int:
    with current_app.connection_for_write() as broker:
        return int(broker.default_channel.client.llen(queue))
