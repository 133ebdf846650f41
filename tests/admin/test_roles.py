"""What a viewer and an operator may do: every page, every button, every action of a list, every form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from outbound.models import DeliveryReport
from postbox.config import roles
from postbox.events.models import Event
from postbox.identity.domain.holding import put
from postbox.identity.models import Agent, ApiKey, DomainClaim
from postbox.ingest import reexaminations
from postbox.ingest.models import Again
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail.models import Message
from postbox.retention.models import LegalHold, Run
from postbox.rules.models import InboundRule
from postbox.screening.models import Campaign, Policy
from reputation.models import EmailReputation, SenderDay, Suppression, SuppressionReason
from reputation.suppressions import suppress
from tests.admin.operators import client_of, operator, processed, quarantined, viewer
from tests.admin.outbox import kept
from tests.people import Known, known_agent, mail
from webhooks.models import Attempt, Delivery, Endpoint

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(180)]

SUBMITTED = {"_form_submitted": "True", "reason": "A word"}
# Buttons that an operator has and a viewer has not, by the model's label; of no other may there be any.
BUTTONS = {
    "mail.message": {"release_one", "reject_one", "quarantine_one", "rescore_one", "reapply_one", "download_raw"},
    "rules.inboundrule": {"try_one", "enable_one", "disable_one"},
    "screening.policy": {"try_one"},
    "identity.agent": {"resume_one", "pause_one", "kill_one"},
    "identity.domain": {"check_one", "change_one", "new_key"},
    "identity.apikey": {"revoke_one"},
    "webhooks.endpoint": {"resend_dead", "disable_one", "enable_one"},
    "webhooks.delivery": {"replay_one"},
    "outbound.outgoing": {"release_one", "reject_one", "arrived_one", "again_one", "lost_one"},
    "reputation.suppression": {"lift_one"},
}
# Raw mail is a right of its own, which neither role has.
NOT_FOR_ROLES = {"download_raw"}
FORMS = {"identity.owner", "identity.agent", "identity.address", "identity.domain", "identity.apikey"}
FORMS |= {"retention.legalhold", "reputation.suppression", "outbound.sendquota", "screening.policy"}


@pytest.fixture
def known() -> Known:
    """One of everything that has a page."""
    robin = known_agent()
    quarantined(robin)
    processed(robin, mail())
    InboundRule.objects.create(agent=robin.agent, name="Lists", match={"every_mail": True}, actions={"label": "x"})
    Policy.objects.create(owner=robin.owner, auth="monitor")
    domain = put(robin.owner, "agents.wren.example", actor="test")
    DomainClaim.objects.create(domain=domain, owner=known_agent("wren", "Pat").owner)
    endpoint = Endpoint.objects.create(agent=robin.agent, url="https://wren.example/in")
    event = Event.objects.earliest("id")
    delivery = Delivery.objects.create(endpoint=endpoint, event=event, state="dead", sequence=1)
    Attempt.objects.create(delivery=delivery, number=1, at=delivery.created_at, duration_ms=3, error="timeout")
    LegalHold.objects.create(agent=robin.agent, reason="A case")
    Run.objects.create(days=90, cutoff=clock.now())
    reexaminations.ask(Again.RESCORE, actor="test", agent=robin.agent)
    kept(robin)
    DeliveryReport.objects.create(source="test", key=b"k" * 32, kind="bounce", at=clock.now())
    suppress(robin.owner.id, "gone@ek.example", SuppressionReason.MANUAL, actor="test")
    EmailReputation.objects.create(owner=robin.owner, address="gone@ek.example")
    Campaign.objects.create(id=uuid7(), mails=2, addresses=1, last_seen=clock.now(), last_message_id=uuid7())
    SenderDay.objects.create(agent=robin.agent, day=clock.now().date())
    return robin


def admins() -> Iterator[tuple[str, Any]]:
    for model, desk in admin.site._registry.items():
        yield model._meta.label_lower, desk


def url(label: str, page: str, *args: object) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)


def test_the_groups_have_just_their_rights_and_migrations_keep_them() -> None:
    roles.ensure()
    group = Group.objects.get(name=roles.VIEWER)
    group.permissions.add(Permission.objects.get(codename="change_message"))
    Group.objects.filter(name=roles.OPERATOR).delete()
    call_command("migrate", verbosity=0)
    for role in (roles.VIEWER, roles.OPERATOR):
        given = Group.objects.get(name=role).permissions.select_related("content_type")
        assert {f"{one.content_type.app_label}.{one.codename}" for one in given} == roles.rights(role)
    assert all(right.partition(".")[2].startswith("view_") for right in roles.rights(roles.VIEWER))


def test_every_right_of_a_role_is_one_that_there_is() -> None:
    there = set(Permission.objects.values_list("content_type__app_label", "codename"))
    assert {tuple(right.split(".")) for right in roles.rights(roles.OPERATOR)} <= there
    assert ("mail", "download_raw") in there


def test_both_see_every_page_of_postbox_and_nothing_of_accounts(known: Known) -> None:
    for person in (viewer(), operator()):
        client = client_of(person)
        for label, desk in admins():
            expected = 200 if label in roles.SEEN else 403
            assert client.get(url(label, "changelist")).status_code == expected, label
            row = desk.model._default_manager.first()
            assert expected == 403 or row is not None, label
            if row is not None:
                assert client.get(url(label, "change", row.pk)).status_code == expected, label


def test_a_viewer_has_no_button_no_action_and_no_form(known: Known) -> None:
    vera = viewer()
    client = client_of(vera)
    before = _state()
    for label, desk in admins():
        assert set(_names(desk)) == BUTTONS.get(label, set()), label
        for row in desk.model._default_manager.all():
            for name in _names(desk):
                assert client.get(url(label, name, row.pk)).status_code == 403, (label, name)
                assert client.post(url(label, name, row.pk), SUBMITTED).status_code == 403, (label, name)
            if label in roles.SEEN:
                page = client.get(url(label, "change", row.pk)).text
                assert not [name for name in _names(desk) if url(label, name, row.pk) in page], label
            assert client.post(url(label, "change", row.pk), {"name": "other"}).status_code == 403, label
            assert client.post(url(label, "delete", row.pk), {"post": "yes"}).status_code == 403, label
        assert client.get(url(label, "add")).status_code == 403, label
        _try_actions(client, label, desk)
    assert _state() == before


def test_an_operator_has_every_button_but_raw_mail(known: Known) -> None:
    client = client_of(operator())
    offered: dict[str, set[str]] = {}
    for label, desk in admins():
        for row in desk.model._default_manager.all() if label in BUTTONS else ():
            page = client.get(url(label, "change", row.pk)).text
            offered.setdefault(label, set()).update(n for n in _names(desk) if url(label, n, row.pk) in page)
    missing = {label: names - offered[label] for label, names in BUTTONS.items() if names - offered[label]}
    # The agent is active, the rule and the endpoint are on, the sent mail is held: those for other states are offered
    # once it is so.
    assert missing == {
        "mail.message": NOT_FOR_ROLES,
        "rules.inboundrule": {"enable_one"},
        "identity.agent": {"resume_one"},
        "webhooks.endpoint": {"enable_one"},
        "outbound.outgoing": {"arrived_one", "again_one", "lost_one"},
    }


def test_an_operator_has_the_forms_and_makes_no_operators(known: Known) -> None:
    client = client_of(operator())
    for label, _ in admins():
        assert client.get(url(label, "add")).status_code == (200 if label in FORMS else 403), label


def test_raw_mail_is_a_right_that_is_given_by_name(known: Known) -> None:
    message, otto = Message.objects.filter(status="processed").first(), operator()
    assert message is not None
    raw = url("mail.message", "download_raw", message.pk)
    assert client_of(otto).get(raw).status_code == 403
    otto.user_permissions.add(Permission.objects.get(codename="download_raw"))
    assert client_of(otto).get(raw).status_code == 200


def _names(desk: Any) -> tuple[str, ...]:
    return tuple(getattr(desk, "actions_detail", ()))


def _try_actions(client: Client, label: str, desk: Any) -> None:
    for name in desk.actions or ():
        row = desk.model._default_manager.first()
        assert name not in client.get(url(label, "changelist")).text, name
        client.post(url(label, "changelist"), {"action": name, "_selected_action": [str(row.pk)]})


def _state() -> list[Any]:
    return [
        list(Message.objects.order_by("id").values_list("id", "status", "decided_by")),
        list(Suppression.objects.values_list("id", "lifted_at")),
        list(InboundRule.objects.values_list("id", "enabled")),
        list(Agent.objects.values_list("id", "state")),
        list(ApiKey.objects.order_by("id").values_list("id", "revoked_at")),
        list(Endpoint.objects.values_list("id", "state")),
        list(Delivery.objects.values_list("id", "state")),
        list(LegalHold.objects.values_list("id", "reason")),
    ]
