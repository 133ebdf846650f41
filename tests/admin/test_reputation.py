"""Suppressions, reputations and quotas at the desk."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from outbound.models import SendQuota
from postbox.audit.models import AuditRecord
from postbox.lib import clock
from reputation.models import EmailReputation, SenderDay, Suppression, SuppressionReason
from reputation.suppressions import suppress
from tests.admin.operators import client_of, operator, viewer
from tests.admin.outbox import days
from tests.callers import call
from tests.people import Known, known_agent

pytestmark = pytest.mark.django_db

ANN = "ann@mercer-bikes.example"


@pytest.fixture
def robin() -> Known:
    return known_agent()


@pytest.fixture
def otto() -> Client:
    return client_of(operator())


def _list(label: str) -> str:
    return reverse(f"admin:{label}_changelist")


def _queries(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_a_suppression_is_added_and_lifted(robin: Known, otto: Client) -> None:
    asked = {
        "owner": str(robin.owner.pk),
        "address": "Ann@Mercer-Bikes.example",
        "reason": "manual",
        "detail": "by phone",
    }
    answer = otto.post(reverse("admin:reputation_suppression_add"), asked, follow=True)
    row = Suppression.objects.get()
    assert (row.address, row.detail, row.lifted_at) == (ANN, "by phone", None), answer.text[:500]
    assert AuditRecord.objects.get(action="suppression.put").actor.startswith("user:")
    otto.post(reverse("admin:reputation_suppression_add"), asked | {"detail": "again"})
    assert Suppression.objects.get().detail == "again"
    assert call("/send", {"to": ANN, "text": "x"}, robin.agent_key).body["code"] == "recipient_suppressed"
    otto.post(reverse("admin:reputation_suppression_lift_one", args=[row.pk]), {"_form_submitted": "True"})
    row.refresh_from_db()
    assert row.lifted_at is not None
    assert call("/send", {"to": ANN, "text": "x"}, robin.agent_key).status == 202
    page = otto.get(reverse("admin:reputation_suppression_change", args=[row.pk])).text
    assert reverse("admin:reputation_suppression_lift_one", args=[row.pk]) not in page


def test_several_are_lifted_and_a_viewer_lifts_none(robin: Known, otto: Client) -> None:
    rows = [suppress(robin.owner.id, f"p{n}@ek.example", SuppressionReason.MANUAL, actor="t") for n in range(3)]
    asked = {"action": "lift_selected", "_selected_action": [str(row.pk) for row in rows]}
    vera = client_of(viewer())
    vera.post(_list("reputation_suppression"), asked)
    assert vera.get(reverse("admin:reputation_suppression_add")).status_code == 403
    assert Suppression.objects.filter(lifted_at=None).count() == 3
    otto.post(_list("reputation_suppression"), asked)
    assert not Suppression.objects.filter(lifted_at=None).exists()


def test_an_agent_of_another_owner_is_not_taken(robin: Known, otto: Client) -> None:
    other = known_agent("heron", "Oscar")
    asked = {"owner": str(robin.owner.pk), "agent": str(other.agent.pk), "address": ANN, "reason": "manual"}
    assert "another owner" in otto.post(reverse("admin:reputation_suppression_add"), asked).text
    assert not Suppression.objects.exists()


def test_suppressions_are_narrowed_to_those_in_force(robin: Known, otto: Client) -> None:
    past, later = clock.now() - timedelta(hours=1), clock.now() + timedelta(days=3)
    for name, until in (("old", past), ("new", later), ("always", None)):
        suppress(robin.owner.id, f"{name}@ek.example", SuppressionReason.MANUAL, expires_at=until, actor="t")
    found = otto.get(_list("reputation_suppression"), {"live": "yes"}).context["cl"].result_list
    assert {row.address for row in found} == {"new@ek.example", "always@ek.example"}


def test_senders_show_the_days_of_one_agent_or_of_all(robin: Known, otto: Client) -> None:
    heron = known_agent("heron")
    days(robin)
    SenderDay.objects.create(agent=heron.agent, day=clock.now().date(), sent=7, bounced=1)
    page = otto.get(_list("reputation_senderday"))
    assert page.context["total"].sent == 7 + sum(40 + back * 3 for back in range(1, 21))
    assert [one.name for one in page.context["agents"]] == ["robin", "heron"]
    assert page.text.count('class="pbx-chart"') == 2
    narrowed = otto.get(_list("reputation_senderday"), {"agent__id__exact": str(heron.agent.pk)})
    assert (narrowed.context["total"].sent, narrowed.context["bounce_rate"]) == (7, "14.3%")
    assert narrowed.context["agents"] == []


def test_a_limit_is_set_and_holds(robin: Known, otto: Client) -> None:
    asked = {"scope": "agent", "agent": str(robin.agent.pk), "window": "day", "limit": "1"}
    otto.post(reverse("admin:outbound_sendquota_add"), asked)
    quota = SendQuota.objects.get()
    assert call("/send", {"to": ANN, "text": "x"}, robin.agent_key).status == 202
    listed = otto.get(_list("outbound_sendquota")).text
    assert "1 of 1" in listed
    assert "1 of 20,000" in listed, "the system's, without what is left in its blocks"
    assert "There is such a quota" in otto.post(reverse("admin:outbound_sendquota_add"), asked).text
    otto.post(reverse("admin:outbound_sendquota_change", args=[quota.pk]), {"limit": "5"})
    quota.refresh_from_db()
    assert (quota.limit, quota.used) == (5, 1)
    assert AuditRecord.objects.filter(action="quota.set").count() == 2
    assert call("/send", {"to": "bo@ek.example", "text": "y"}, robin.agent_key).status == 202


def test_a_smaller_limit_holds_from_the_next_mail_on(robin: Known, otto: Client) -> None:
    """Also where blocks of the larger one had been handed out."""
    assert call("/send", {"to": ANN, "text": "x"}, robin.agent_key).status == 202
    quota = SendQuota.objects.get(scope="system", window="hour")
    assert quota.used > 2
    otto.post(reverse("admin:outbound_sendquota_change", args=[quota.pk]), {"limit": "2"})
    assert call("/send", {"to": "bo@ek.example", "text": "y"}, robin.agent_key).status == 202
    answer = call("/send", {"to": "cy@ek.example", "text": "z"}, robin.agent_key)
    assert (answer.status, answer.body["code"]) == (402, "quota_spent")


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": "agent"},
        {"scope": "owner"},
        {"scope": "system", "agent": "robin"},
        {"scope": "owner", "agent": "robin"},
    ],
)
def test_a_quota_must_be_somebodys(robin: Known, otto: Client, wrong: dict[str, str]) -> None:
    asked = wrong | ({"agent": str(robin.agent.pk)} if "agent" in wrong else {}) | {"window": "day", "limit": "1"}
    assert otto.post(reverse("admin:outbound_sendquota_add"), asked).status_code == 200
    assert not SendQuota.objects.exists()


@pytest.mark.parametrize(
    "label", ["reputation_suppression", "reputation_emailreputation", "reputation_senderday", "outbound_sendquota"]
)
def test_long_lists_cost_no_more_queries_than_short_ones(robin: Known, otto: Client, label: str) -> None:
    def more(first: int, last: int) -> None:
        for number in range(first, last):
            known = known_agent(f"agent{number}", f"Owner {number}")
            suppress(known.owner.id, ANN, SuppressionReason.MANUAL, agent_id=known.agent.id, actor="t")
            EmailReputation.objects.create(owner=known.owner, address=ANN, hard_bounces=1)
            SenderDay.objects.create(agent=known.agent, day=clock.now().date(), sent=3)
            SendQuota.objects.create(scope="agent", agent=known.agent, window="day", limit=5)

    more(0, 3)
    few = _queries(otto, _list(label))
    more(3, 30)
    assert _queries(otto, _list(label)) == few
    assert few < 20
