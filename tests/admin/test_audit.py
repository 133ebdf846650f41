"""The audit at the desk: ids as what they stand for, as long as that is there and may be seen."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from postbox.audit.models import AuditRecord
from postbox.audit.record import record
from postbox.mail.models import Message
from tests.admin.operators import client_of, operator, processed, viewer
from tests.people import known_agent, mail

pytestmark = pytest.mark.django_db

LIST = "/admin/audit/auditrecord/"


def test_ids_say_what_they_stand_for_and_link_to_it() -> None:
    robin, otto = known_agent(), operator()
    message = processed(robin, mail())
    record(f"user:{otto.pk}", "message.released", message.pk, agent=str(robin.agent.pk), note=True)
    page = client_of(viewer()).get(LIST, {"q": "message.released"}).text
    assert f'href="{reverse("admin:mail_message_change", args=[message.pk])}"' in page
    assert "ann@mercer-bikes.example to robin@agents.localhost" in page
    assert f'href="{reverse("admin:identity_agent_change", args=[robin.agent.pk])}"' in page
    assert "<bdi>otto</bdi>" in page
    assert "<i>note</i> yes" in page


def test_what_is_gone_or_may_not_be_seen_stays_an_id() -> None:
    robin = known_agent()
    message, gone = processed(robin, mail()), uuid.uuid4()
    record("bootstrap", "message.released", message.pk)
    record("bootstrap", "message.released", gone, rule="no id at all")
    vera = viewer()
    vera.groups.clear()
    vera.user_permissions.add(Permission.objects.get(codename="view_auditrecord"))
    page = client_of(vera).get(LIST, {"q": "message.released"}).text
    assert "mercer-bikes" not in page
    assert str(gone)[-12:] in page
    assert "no id at all" in page
    assert reverse("admin:mail_message_change", args=[message.pk]) not in page


def test_its_page_and_the_history_of_what_it_is_about() -> None:
    robin = known_agent()
    client = client_of(viewer())
    found = AuditRecord.objects.get(action="agent.created")
    page = client.get(reverse("admin:audit_auditrecord_change", args=[found.pk])).text
    assert str(robin.agent.pk) in page
    assert "Olive" in page
    history = client.get(reverse("admin:identity_agent_history", args=[robin.agent.pk]), follow=True)
    assert [row.action for row in history.context["cl"].result_list] == ["agent.created"]


def test_it_asks_once_a_table_however_many_ids_there_are() -> None:
    robin = known_agent()
    client = client_of(operator())

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(LIST).status_code == 200
        return len(captured)

    processed(robin, mail())
    for message in Message.objects.all():
        record("test", "message.read", message.pk)
    queries()
    few = queries()
    for number in range(20):
        other = known_agent(f"agent{number}")
        record("test", "message.read", processed(other, mail()).pk)
    assert queries() <= few
