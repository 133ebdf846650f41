"""Agents, addresses and keys made by an operator: shown once, on record, never again."""

from __future__ import annotations

import pytest
from django.urls import reverse

from postbox.audit.models import AuditRecord
from postbox.identity import keys
from postbox.identity.models import Address, Agent, ApiKey, Owner
from tests.admin.operators import client_of, operator, viewer
from tests.people import known_agent

pytestmark = pytest.mark.django_db

SUBMITTED = {"_form_submitted": "True"}


def _shown(answer: object) -> str:
    return answer.context["key"]  # type: ignore[attr-defined,no-any-return]


def _add(model: str) -> str:
    return reverse(f"admin:identity_{model}_add")


@pytest.mark.parametrize("kind", ["owner", "agent", "bridge"])
def test_a_key_is_shown_once_and_works(kind: str) -> None:
    known = known_agent()
    otto = operator()
    client = client_of(otto)
    held = {"owner": {"owner": known.owner.pk}, "agent": {"agent": known.agent.pk}, "bridge": {}}[kind]
    answer = client.post(_add("apikey"), {"kind": kind, "name": "the lab", **held})
    key = _shown(answer)
    assert answer.status_code == 200
    assert key in answer.text
    assert "no-store" in answer["Cache-Control"]
    assert key not in str(client.cookies)
    row = ApiKey.objects.get(name="the lab")
    holder = keys.find(key)
    assert holder is not None
    assert (holder.key_id, holder.kind) == (row.pk, kind)
    assert AuditRecord.objects.get(action="key.issued", subject=str(row.pk)).actor == f"user:{otto.pk}"
    for url in (reverse("admin:identity_apikey_changelist"), reverse("admin:identity_apikey_change", args=[row.pk])):
        page = client.get(url).text
        assert key not in page
        assert keys.digest(key).hex() not in page
        assert row.hint in page


@pytest.mark.parametrize(
    ("kind", "with_owner", "with_agent"),
    [("agent", False, False), ("agent", True, True), ("owner", False, False), ("bridge", False, True)],
)
def test_a_key_without_its_holder_is_refused_beside_the_field(kind: str, with_owner: bool, with_agent: bool) -> None:
    known = known_agent()
    before = ApiKey.objects.count()
    data = {"kind": kind, "owner": known.owner.pk if with_owner else "", "agent": known.agent.pk if with_agent else ""}
    answer = client_of(operator()).post(_add("apikey"), data)
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert ApiKey.objects.count() == before


def test_a_revoked_key_ends_at_once() -> None:
    known = known_agent()
    row = ApiKey.objects.get(agent=known.agent)
    assert keys.find(known.agent_key)
    client = client_of(operator())
    client.post(reverse("admin:identity_apikey_revoke_one", args=[row.pk]), SUBMITTED)
    assert keys.find(known.agent_key) is None
    assert AuditRecord.objects.filter(action="key.revoked", subject=str(row.pk)).exists()
    assert "Revoked" in client.get(reverse("admin:identity_apikey_change", args=[row.pk])).text


def test_an_agent_gets_its_address_and_key_as_by_the_api() -> None:
    owner = Owner.objects.create(name="Olive")
    answer = client_of(operator()).post(_add("agent"), {"owner": owner.pk, "name": "robin", "local_part": "r"})
    agent = Agent.objects.get(name="robin")
    assert [row.address for row in agent.addresses.all()] == ["r@agents.localhost"]
    assert agent.data_key
    holder = keys.find(_shown(answer))
    assert holder is not None
    assert holder.agent_id == agent.pk


def test_an_address_that_is_taken_is_refused_beside_the_field() -> None:
    known = known_agent()
    other = known_agent("other")
    client = client_of(operator())
    answer = client.post(_add("address"), {"agent": other.agent.pk, "local_part": known.address.partition("@")[0]})
    assert "already given out" in answer.text
    answer = client.post(_add("address"), {"agent": other.agent.pk, "local_part": "sales"})
    assert answer.status_code == 302
    assert Address.objects.get(address="sales@agents.localhost").agent == other.agent


def test_a_domain_of_another_owner_is_refused_beside_the_field() -> None:
    known = known_agent()
    other = Owner.objects.create(name="Pat")
    other.domains.create(name="pat.example")
    data = {"agent": known.agent.pk, "local_part": "x", "domain_name": "pat.example"}
    assert "held by another owner" in client_of(operator()).post(_add("address"), data).text


def test_a_viewer_makes_and_ends_nothing() -> None:
    known = known_agent()
    client = client_of(viewer())
    row = ApiKey.objects.get(agent=known.agent)
    for model in ("apikey", "agent", "address", "owner"):
        assert client.get(_add(model)).status_code == 403, model
    revoke = reverse("admin:identity_apikey_revoke_one", args=[row.pk])
    assert client.post(revoke, SUBMITTED).status_code == 403
    assert revoke not in client.get(reverse("admin:identity_apikey_change", args=[row.pk])).text
    assert keys.find(known.agent_key)


def test_the_operator_makes_the_addresses_that_are_kept_for_him() -> None:
    known, client = known_agent(), client_of(operator())
    answer = client.post(_add("address"), {"agent": known.agent.pk, "local_part": "postmaster", "domain_name": ""})
    assert answer.status_code == 302
    assert Address.objects.get(address="postmaster@agents.localhost").agent == known.agent
