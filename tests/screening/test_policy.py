"""What the levels' words come to for one address."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from postbox.identity.models import Address, Agent
from postbox.screening.models import Policy
from postbox.screening.policy import Auth, Effective, Mode, installation, policies_of
from tests.people import known_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def address() -> Address:
    return Address.objects.select_related("agent__owner", "domain").get(address=known_agent().address)


def put(address: Address, level: str, **words: Any) -> None:
    """A policy of that level over this address."""
    at: dict[str, dict[str, Any]] = {
        "owner": {},
        "domain": {"domain": address.domain},
        "agent": {"agent": address.agent},
    }
    Policy.objects.create(owner=address.agent.owner, **at.get(level, {"address": address}), **words)


def policy_of(address: Address) -> Effective:
    return policies_of([address.id])[address.id]


def test_without_a_policy_the_installation_s_word_holds(address: Address) -> None:
    assert policies_of([address.id, None]) == {address.id: installation(), None: installation()}


def test_the_nearest_level_that_says_something_counts(address: Address) -> None:
    put(address, "address", auth=Auth.ENFORCE)
    put(address, "agent", auth=Auth.MONITOR, mode=Mode.OPEN)
    put(address, "domain", auth=Auth.QUARANTINE, mode=Mode.ALLOWLIST)
    found = policy_of(address)
    assert (found.auth, found.mode) == (Auth.ENFORCE, Mode.OPEN)


def test_who_is_blocked_anywhere_is_blocked_and_a_mode_begins_the_list_anew(address: Address) -> None:
    put(address, "owner", block=["spam.example"], allow=["a.example"], mode=Mode.ALLOWLIST)
    put(address, "domain", allow=["b.example"], mode=Mode.ALLOWLIST)
    put(address, "agent", allow=["c.example"], block=["mad@c.example"])
    found = policy_of(address)
    assert found.allow == {"b.example", "c.example"}
    assert found.block == {"spam.example", "mad@c.example"}


def test_others_policies_do_not_count(address: Address) -> None:
    other = Agent.objects.create(owner=address.agent.owner, name="other")
    Policy.objects.create(owner=address.agent.owner, agent=other, auth=Auth.ENFORCE)
    assert policy_of(address) == installation()


def test_a_level_has_one_policy(address: Address) -> None:
    put(address, "owner", auth=Auth.ENFORCE)
    with pytest.raises(IntegrityError), transaction.atomic():
        put(address, "owner", auth=Auth.MONITOR)


def test_many_addresses_are_one_query(address: Address, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        policies_of([address.id, None, uuid.uuid4()])
