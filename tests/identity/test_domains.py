"""Domains that owners hold: catch-alls, and no agent on an organisation's own domain unless its owner says so."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from postbox.api.errors import ApiError, Invalid
from postbox.audit.models import AuditRecord
from postbox.identity.alloc import allocate
from postbox.identity.domain.holding import DomainNotYours, DomainShared, put
from postbox.identity.domain.roots import RootDomain
from postbox.identity.models import Address, Agent, Domain
from postbox.identity.recipients import _FIND, resolve
from tests.callers import call
from tests.people import Known, deliver, known_agent, mail

pytestmark = pytest.mark.django_db

HELD = "agents.wren.example"


@pytest.fixture
def robin() -> Known:
    return known_agent()


def actions(domain: Domain) -> list[str]:
    return list(AuditRecord.objects.filter(subject=str(domain.pk)).order_by("id").values_list("action", flat=True))


def test_a_domain_is_taken_once_and_changed_by_its_owner(robin: Known) -> None:
    domain = put(robin.owner, "Agents.WREN.example", actor="test")
    assert (domain.name, domain.owner, domain.catch_all, domain.root_allowed) == (HELD, robin.owner, None, False)
    assert put(robin.owner, HELD, catch_all="robin", allow_root=True, actor="test").pk == domain.pk
    domain.refresh_from_db()
    assert (domain.catch_all_id, domain.root_allowed) == (Address.objects.get(address=robin.address).pk, True)
    put(robin.owner, HELD, actor="test")  # what is left out stays
    domain.refresh_from_db()
    assert domain.catch_all_id
    put(robin.owner, HELD, catch_all=None, actor="test")
    domain.refresh_from_db()
    assert domain.catch_all_id is None
    assert Domain.objects.get(pk=domain.pk).root_allowed
    assert actions(domain) == ["domain.created", "domain.changed", "domain.changed"]


def test_each_domain_has_a_token_of_its_own_also_from_older_code(robin: Known) -> None:
    put(robin.owner, HELD, actor="test")
    with connection.cursor() as cursor:  # a process of the version before knows none of the new columns
        cursor.execute(
            "INSERT INTO domains (id, owner_id, name, created_at) "
            "VALUES (gen_random_uuid(), %s, 'a.old.example', now())",
            [robin.owner.pk],
        )
    old = Domain.objects.get(name="a.old.example")
    assert (old.mx_state, old.findings, old.root_allowed) == ("pending", {}, False)
    tokens = set(Domain.objects.values_list("token", flat=True))
    assert len(tokens) == Domain.objects.count() == 3


def test_anothers_domain_and_the_shared_one_are_not_changed(robin: Known) -> None:
    put(robin.owner, HELD, actor="test")
    other = known_agent("wren", "Oscar")
    with pytest.raises(DomainNotYours):
        put(other.owner, HELD, catch_all="wren", actor="test")
    for owner in (robin.owner, other.owner):
        with pytest.raises(DomainShared):
            put(owner, "agents.localhost", catch_all=robin.agent.name, actor="test")
    assert not Domain.objects.exclude(catch_all=None).exists()


def test_a_catch_all_is_an_agent_of_ones_own(robin: Known) -> None:
    other = known_agent("wren", "Oscar")
    for wanted in ("wren", other.address, "nobody", "no@where.example", "@", "\udcff@x"[1:]):
        with pytest.raises(Invalid) as raised:
            put(robin.owner, HELD, catch_all=wanted, actor="test")
        assert raised.value.errors[0]["path"] == "catch_all"
    assert not Domain.objects.filter(name=HELD).exists()


def test_a_catch_all_prefers_the_agents_address_on_that_domain(robin: Known) -> None:
    there = allocate(robin.owner, "robin", domain=HELD, actor="test").address
    domain = put(robin.owner, HELD, catch_all="robin", actor="test")
    assert domain.catch_all is not None
    assert domain.catch_all.address == there


def test_an_unknown_local_part_reaches_the_catch_all_and_exact_addresses_win(robin: Known) -> None:
    wren = known_agent("wren")
    exact = allocate(robin.owner, "wren", local_part="sales", domain=HELD, actor="test").address
    before = resolve([f"anything@{HELD}"])
    assert before == {}
    put(robin.owner, HELD, catch_all="robin", actor="test")
    asked = [f"anything@{HELD}", f"x+tag@{HELD}", exact, f"sales+t@{HELD}", robin.address, "no@agents.localhost"]
    asked += [f"any@sub.{HELD}", "any@wren.example", "any", f"a@b@{HELD}"]
    with CaptureQueriesContext(connection) as queries:
        reached = resolve(asked)
    assert len(queries) == 1
    assert {text: who.agent_name for text, who in reached.items()} == {
        f"anything@{HELD}": "robin",
        f"x+tag@{HELD}": "robin",
        exact: "wren",
        f"sales+t@{HELD}": "wren",
        robin.address: "robin",
        f"a@b@{HELD}": "robin",
    }
    assert reached[f"anything@{HELD}"].address_id == Address.objects.get(address=robin.address).pk
    assert reached[exact].agent_id == wren.agent.pk


def test_a_new_address_wins_over_the_catch_all_at_once(robin: Known) -> None:
    put(robin.owner, HELD, catch_all="robin", actor="test")
    assert resolve([f"wren@{HELD}"])[f"wren@{HELD}"].agent_name == "robin"
    allocate(robin.owner, "wren", domain=HELD, actor="test")
    assert resolve([f"wren@{HELD}"])[f"wren@{HELD}"].agent_name == "wren"
    with CaptureQueriesContext(connection) as queries:
        resolve([f"wren@{HELD}"])
    assert len(queries) == 0


def test_mail_for_a_catch_all_comes_in_under_the_name_it_was_sent_to(robin: Known) -> None:
    put(robin.owner, HELD, catch_all="robin", actor="test")
    receipt = deliver(mail(), f"whoever@{HELD}", "nobody@agents.localhost")
    assert [stored.recipient.rcpt_to for stored in receipt.stored] == [f"whoever@{HELD}"]
    assert [refused.rcpt_to for refused in receipt.rejected] == ["nobody@agents.localhost"]


def test_the_look_up_goes_by_indexes(robin: Known) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO domains (id, owner_id, name, created_at) "
            "SELECT gen_random_uuid(), %s, 'd' || n || '.many.example', now() FROM generate_series(1, 5000) n",
            [robin.owner.pk],
        )
        cursor.execute(
            "INSERT INTO addresses (id, agent_id, domain_id, address, kind, created_at) "
            "SELECT gen_random_uuid(), %s, d.id, 'x@' || d.name, 'primary', now() FROM domains d",
            [robin.agent.pk],
        )
        cursor.execute("ANALYZE domains, addresses")
        cursor.execute(f"EXPLAIN (COSTS OFF) {_FIND}", [["a@d7.many.example", "x@d9.many.example"]])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan on domains" not in plan, plan
    assert "Seq Scan on addresses" not in plan, plan


@pytest.mark.parametrize("name", ["wren.example", "WREN.co.uk", "wren.github.io"])
def test_an_agent_does_not_sit_on_a_root_domain_by_default(robin: Known, name: str) -> None:
    answer = call("/alloc", {"agent_id": "wren", "domain": name}, robin.owner_key)
    assert (answer.status, answer.body["code"]) == (403, "root_domain")
    assert f"agents.{name.lower()}" in answer.body["fix"]
    assert "allow_root" in answer.body["fix"]
    assert "reputation" in answer.body["message"]
    assert not Agent.objects.filter(name="wren").exists()
    assert not Domain.objects.filter(name=name.lower()).exists()
    taken = call("/domain/put", {"domain": name, "allow_root": True}, robin.owner_key)
    assert taken.status == 200
    assert call("/alloc", {"agent_id": "wren", "domain": name}, robin.owner_key).status == 201


def test_a_catch_all_on_a_root_domain_needs_the_same_word(robin: Known) -> None:
    with pytest.raises(RootDomain):
        put(robin.owner, "wren.example", catch_all="robin", actor="test")
    put(robin.owner, "wren.example", catch_all="robin", allow_root=True, actor="test")
    with pytest.raises(RootDomain):
        put(robin.owner, "wren.example", allow_root=False, actor="test")
    assert Domain.objects.get(name="wren.example").root_allowed


def test_taking_the_word_back_leaves_addresses_and_refuses_new_ones(robin: Known) -> None:
    put(robin.owner, "wren.example", allow_root=True, actor="test")
    given = allocate(robin.owner, "wren", domain="wren.example", actor="test")
    put(robin.owner, "wren.example", allow_root=False, actor="test")
    assert given.address in resolve([given.address])
    with pytest.raises(RootDomain):
        allocate(robin.owner, "wren", local_part="second", domain="wren.example", actor="test")


def test_the_default_domain_may_be_a_root(robin: Known, settings: Settings) -> None:
    settings.POSTBOX_DEFAULT_DOMAIN = "wren.example"
    assert allocate(robin.owner, "wren", actor="test").address == "wren@wren.example"


def test_a_refusal_names_no_other_owner(robin: Known) -> None:
    put(robin.owner, HELD, actor="test")
    other = known_agent("wren", "Oscar")
    with pytest.raises(ApiError) as raised:
        put(other.owner, HELD, actor="test")
    assert "Olive" not in f"{raised.value.message}{raised.value.fix}"
