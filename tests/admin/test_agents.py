"""Agents at the desk: paused, resumed and killed with a reason, on record and told; the ways to what is theirs."""

from __future__ import annotations

import json
import re

import pytest
from django.urls import reverse

from postbox.audit.models import AuditRecord
from postbox.events.models import Event, EventCopy
from postbox.identity import keys, states
from postbox.identity.keys import data_key
from postbox.identity.models import AgentKey, AgentState, ApiKey
from postbox.lib import envelope
from tests.admin.operators import client_of, operator, processed
from tests.people import Known, known_agent, mail

pytestmark = pytest.mark.django_db

SUBMITTED = {"_form_submitted": "True"}


@pytest.fixture
def robin() -> Known:
    return known_agent()


def url(action: str, known: Known) -> str:
    return reverse(f"admin:identity_agent_{action}", args=[known.agent.pk])


def told(known: Known) -> list[dict[str, object]]:
    """The agent's own events, opened."""
    events = Event.objects.filter(agent_id=known.agent.pk, kind__startswith="agent.").order_by("id")
    context = [(event, envelope.part_context(event.id, "event", event.agent_id)) for event in events]
    return [json.loads(envelope.open_sealed(data_key(event.agent_id), event.body, where)) for event, where in context]


def test_pause_kill_and_resume_with_a_reason_each_on_record_and_told(robin: Known) -> None:
    otto = operator()
    client = client_of(otto)
    for action, state, kind, reason in (
        ("pause_one", "paused", "agent.paused", "It answers itself"),
        ("kill_one", "killed", "agent.killed", "It sends rubbish"),
        ("resume_one", "active", "agent.resumed", "Mended"),
    ):
        assert url(action, robin) in client.get(url("change", robin)).text
        client.post(url(action, robin), SUBMITTED | {"reason": reason})
        robin.agent.refresh_from_db()
        assert (robin.agent.state, robin.agent.state_reason) == (state, reason)
        assert AuditRecord.objects.get(action=kind).actor == f"user:{otto.pk}"
        assert told(robin)[-1]["data"] == {"agent_id": "robin", "state": state, "reason": reason}
        assert EventCopy.objects.filter(event__kind=kind, consumer="webhooks").exists()
        assert url(action, robin) not in client.get(url("change", robin)).text
    assert keys.find(robin.agent_key)


def test_the_front_page_says_how_many_are_stopped_and_leads_to_them(robin: Known) -> None:
    client = client_of(operator())

    def shown() -> tuple[str, str, str]:
        figures = {figure.label: figure for figure in client.get(reverse("admin:index")).context["figures"]}
        figure = figures["Agents stopped"]
        assert client.get(reverse("admin:index") + figure.link).status_code == 200
        return figure.value, figure.level, figure.link.rpartition("=")[2]

    assert shown() == ("0", "plain", "killed")
    states.change(robin.agent.pk, AgentState.PAUSED, "It spent its quota", actor="outbound")
    assert shown() == ("1", "warning", "paused")
    states.change(known_agent("wren").agent.pk, AgentState.KILLED, "It repeats itself", actor="outbound")
    assert shown() == ("2", "danger", "killed")


def test_without_a_reason_nothing_happens(robin: Known) -> None:
    client = client_of(operator())
    for data in ({}, SUBMITTED, SUBMITTED | {"reason": "  "}):
        answer = client.post(url("pause_one", robin), data)
        assert answer.status_code == 200
    robin.agent.refresh_from_db()
    assert robin.agent.state == "active"
    assert told(robin) == []


def test_killed_with_its_keys_it_gets_in_no_more_and_its_mail_still_comes(robin: Known) -> None:
    assert keys.find(robin.agent_key)
    client_of(operator()).post(url("kill_one", robin), SUBMITTED | {"reason": "Gone wild", "revoke_keys": "on"})
    assert keys.find(robin.agent_key) is None
    row = ApiKey.objects.get(agent=robin.agent)
    assert AuditRecord.objects.filter(action="key.revoked", subject=str(row.pk)).exists()
    assert processed(robin, mail()).status == "processed"


def test_a_state_that_it_has_is_no_change(robin: Known) -> None:
    assert states.change(robin.agent.pk, AgentState.PAUSED, "Why", actor="test")
    assert not states.change(robin.agent.pk, AgentState.PAUSED, "Again", actor="test")
    robin.agent.refresh_from_db()
    assert robin.agent.state_reason == "Why"
    assert len(told(robin)) == 1


def test_an_agent_whose_data_was_erased_changes_its_state_untold(robin: Known) -> None:
    AgentKey.objects.filter(agent=robin.agent).delete()
    keys.forget()
    assert states.change(robin.agent.pk, AgentState.KILLED, "Why", actor="test")
    assert not Event.objects.filter(kind="agent.killed").exists()


def test_its_page_leads_to_all_that_is_its_own(robin: Known) -> None:
    other = known_agent("wren")
    processed(robin, mail("For robin"))
    processed(other, mail("For wren"))
    client = client_of(operator())
    links = re.search(r'<span class="pbx-links">(.*?)</span>', client.get(url("change", robin)).text, re.DOTALL)
    assert links is not None
    pages = {name: client.get(to.replace("&amp;", "&")) for to, name in re.findall(r'href="(.*?)">(.*?)<', links[1])}
    assert {"Messages", "Conversations", "Rules", "Endpoints", "Addresses", "API keys", "Audit"} <= set(pages)
    assert {page.status_code for page in pages.values()} == {200}
    for name in ("Messages", "Conversations"):
        assert "For robin" in pages[name].text
        assert "For wren" not in pages[name].text
    assert "wren@agents.localhost" not in pages["Addresses"].text
