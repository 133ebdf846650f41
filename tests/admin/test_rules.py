"""Rules at the desk: looked at, turned off and on, tried on stored mail; what they did, on a message's page."""

from __future__ import annotations

import pytest
from django.urls import reverse

from postbox.audit.models import AuditRecord
from postbox.ingest import desk, reexaminations, work
from postbox.ingest.models import Again, Reexamination
from postbox.ingest.release import quarantine
from postbox.mail.models import Message
from postbox.rules import store
from postbox.rules.models import InboundRule
from tests.admin.operators import client_of, operator, processed, viewer
from tests.people import Known, deliver, known_agent, mail

pytestmark = pytest.mark.django_db

SUBMITTED = {"_form_submitted": "True"}


@pytest.fixture
def robin() -> Known:
    return known_agent()


def rule_of(known: Known, name: str = "Invoices", **match: object) -> InboundRule:
    values = {"name": name, "match": match or {"subject": "invoice"}, "actions": {"move": "Bills", "label": "paid"}}
    return store.put(known.agent.pk, values, actor="test")


def url(page: str, rule: InboundRule) -> str:
    return reverse(f"admin:rules_inboundrule_{page}", args=[rule.pk])


def test_its_page_says_what_it_does_and_it_is_turned_off_and_on(robin: Known) -> None:
    rule = rule_of(robin)
    otto = operator()
    client = client_of(otto)
    page = client.get(url("change", rule)).text
    assert "moved to “Bills”, labelled “paid”" in page
    for action, enabled in (("disable_one", False), ("enable_one", True)):
        client.post(url(action, rule), SUBMITTED)
        rule.refresh_from_db()
        assert rule.enabled is enabled
        assert url(action, rule) not in client.get(url("change", rule)).text
    assert AuditRecord.objects.filter(action="rule.disabled", actor=f"user:{otto.pk}").exists()


def test_it_is_tried_a_stretch_at_a_time_and_changes_nothing(robin: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "_TRIED", 4)
    for number in range(6):
        deliver(mail(f"Invoice {number}" if number % 2 else f"Letter {number}"), robin.address)
    work.run()
    rule = rule_of(robin)
    client = client_of(operator())
    assert "trial" not in client.get(url("try_one", rule)).context
    assert not AuditRecord.objects.filter(action="rule.tried").exists()
    first = client.post(url("try_one", rule))
    assert "2 of 4 match" in first.text
    assert "Invoice 5" in first.text
    assert "Letter" not in first.text
    assert "moved to “Bills”" in first.text
    assert AuditRecord.objects.get(action="rule.tried").detail == {"tried": 4, "matched": 2}
    second = client.post(url("try_one", rule), {"before": str(first.context["more"])})
    assert "1 of 2 match" in second.text
    assert "Invoice 1" in second.text
    assert second.context["more"] is None
    assert not Message.objects.exclude(folder="").exists()


def test_who_may_not_read_mail_may_not_try(robin: Known) -> None:
    rule = rule_of(robin)
    otto = operator()
    group = otto.groups.get()
    group.permissions.remove(group.permissions.get(codename="view_message"))
    assert client_of(otto).post(url("try_one", rule)).status_code == 403


def test_a_message_shows_where_rules_put_it_and_who_decided(robin: Known) -> None:
    rule, gone = rule_of(robin), rule_of(robin, "Gone")
    message = processed(robin, mail("Your invoice"))
    gone.delete()
    otto = operator()
    quarantine(message.pk, actor=f"user:{otto.pk}")
    page = client_of(viewer()).get(reverse("admin:mail_message_change", args=[message.pk]))
    assert page.context["rules"] == [("Invoices", url("change", rule)), ("Gone", "")]
    for words in ("Bills", "paid", "otto", url("change", rule)):
        assert words in page.text, words


def test_what_is_looked_at_again_shows_its_progress_until_it_is_done(robin: Known) -> None:
    for number in range(3):
        processed(robin, mail(f"Mail {number}"))
    otto = operator()
    job = reexaminations.ask(Again.RESCORE, actor=f"user:{otto.pk}", agent=robin.agent)
    page = reverse("admin:ingest_reexamination_change", args=[job.pk])
    client = client_of(viewer())
    answer = client.get(page)
    assert answer["Refresh"] == "3"
    assert "0 of 3" in answer.text
    assert "otto" in answer.text
    reexaminations.run(Again.RESCORE)
    assert Reexamination.objects.get(pk=job.pk).finished_at
    answer = client.get(page)
    assert "Refresh" not in answer.headers
    assert "3 of 3" in answer.text
    assert "3 of 3" in client.get(reverse("admin:ingest_reexamination_changelist")).text
