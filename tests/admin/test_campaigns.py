"""Campaigns at the desk: one row for what came to many, with a sample that is put on record as opened."""

from __future__ import annotations

import pytest
from django.urls import reverse

from postbox.audit.models import AuditRecord
from postbox.ingest import work
from postbox.lib.ids import uuid7
from postbox.mail.models import Message
from postbox.screening.models import Campaign
from tests.admin.operators import client_of, viewer
from tests.people import deliver, known_agent, mail
from tests.screening.test_prints import TEXT

pytestmark = pytest.mark.django_db


def test_what_came_to_many_is_one_row_with_a_sample_and_its_addresses() -> None:
    agents = [known_agent(name) for name in ("robin", "wren", "reed")]
    for number, agent in enumerate(agents):
        deliver(mail(f"Certificates {number}", TEXT, sender=f"a{number}@x{number}.example"), agent.address)
        work.run()
    campaign = Campaign.objects.get()
    client = client_of(viewer())
    page = client.get(reverse("admin:screening_campaign_changelist"))
    assert page.status_code == 200
    assert "Certificates 2" in page.text
    last = Message.objects.latest("id")
    assert AuditRecord.objects.filter(action="message.subject_read", subject=str(last.id)).count() == 1
    page = client.get(reverse("admin:screening_campaign_change", args=[campaign.pk]))
    assert page.status_code == 200
    assert all(agent.address in page.text for agent in agents)
    assert reverse("admin:mail_message_change", args=[last.id]) in page.text
    Campaign.objects.update(last_message_id=uuid7())  # as if it had expired
    assert "Expired" in client.get(reverse("admin:screening_campaign_change", args=[campaign.pk])).text
