"""``/alloc``: addresses for agents, one owner beside another, two calls at once."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from postbox.audit.models import AuditRecord
from postbox.identity.models import LOCAL_PART, LOCAL_PART_LENGTH, Address, Agent, AgentKey, ApiKey, Domain, Owner
from postbox.identity.recipients import resolve, without_tag
from tests.callers import ERROR, Answer, call
from tests.people import Known, known_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def robin() -> Known:
    return known_agent()


def alloc(known: Known, **body: Any) -> Answer:
    return call("/alloc", body, known.owner_key)


def test_a_new_agent_gets_an_address_and_its_key_once(robin: Known) -> None:
    answer = alloc(robin, agent_id="wren")
    assert answer.status == 201
    assert set(answer.body) == {"agent_id", "address", "aliases", "agent_key"}
    assert (answer.body["agent_id"], answer.body["address"]) == ("wren", "wren@agents.localhost")
    assert answer.body["aliases"] == []
    assert call("/list", {}, answer.body["agent_key"]).status == 200
    wren = Agent.objects.get(name="wren")
    assert AgentKey.objects.filter(agent=wren).exists()
    assert set(AuditRecord.objects.filter(subject=str(wren.id)).values_list("action", flat=True)) == {"agent.created"}


def test_an_agent_that_exists_gets_another_address_and_no_key(robin: Known) -> None:
    made = ApiKey.objects.count()
    answer = alloc(robin, agent_id="robin")
    assert answer.status == 201
    assert "agent_key" not in answer.body
    assert answer.body["address"] != robin.address
    assert answer.body["address"].startswith("robin-")
    assert ApiKey.objects.count() == made
    assert robin.agent.addresses.count() == 2


def test_an_address_with_aliases_on_a_domain_of_ones_own(robin: Known) -> None:
    body = {"agent_id": "wren", "local_part": "post", "domain": "Agents.Wren.Example"}
    answer = alloc(robin, **body, aliases=["sales", "help", "sales"])
    assert answer.body["address"] == "post@agents.wren.example"
    assert answer.body["aliases"] == ["sales@agents.wren.example", "help@agents.wren.example"]
    asked = ("post@", "sales@", "help+tag@", "no@")
    reached = resolve(f"{local}agents.wren.example" for local in asked)
    assert {who.agent_name for who in reached.values()} == {"wren"}
    assert "no@agents.wren.example" not in reached
    assert Domain.objects.get(name="agents.wren.example").owner == robin.owner


def test_a_taken_address_is_409_and_nothing_is_made(robin: Known) -> None:
    for body in (
        {"agent_id": "wren", "local_part": "robin"},
        {"agent_id": "wren", "local_part": "free", "aliases": ["robin"]},
        {"agent_id": "wren", "local_part": "twice", "aliases": ["twice"]},
    ):
        answer = alloc(robin, **body)
        assert (answer.status, answer.body["code"]) == (409, "address_taken")
        assert set(answer.body) == ERROR
    assert not Agent.objects.filter(name="wren").exists()
    assert list(Address.objects.values_list("address", flat=True)) == [robin.address]


def test_two_owners_may_use_one_agent_id(robin: Known) -> None:
    other = known_agent("wren", "Oscar")
    answer = alloc(other, agent_id="robin")
    assert answer.status == 201
    assert answer.body["address"].startswith("robin-")  # robin@ is the first owner's, on the domain that all share
    assert Agent.objects.filter(name="robin").count() == 2


def test_anothers_domain_is_403(robin: Known) -> None:
    assert alloc(robin, agent_id="robin", domain="agents.olive.example").status == 201
    other = known_agent("wren", "Oscar")
    answer = alloc(other, agent_id="wren", domain="AGENTS.OLIVE.example")
    assert (answer.status, answer.body["code"]) == (403, "domain_not_yours")
    assert other.agent.addresses.count() == 1


@pytest.mark.parametrize("name", ["postmaster", "hostmaster", "admin", "abuse"])
def test_the_operators_addresses_are_kept_on_the_shared_domain(robin: Known, name: str) -> None:
    refused = alloc(robin, agent_id="wren", local_part=name)
    assert (refused.status, refused.body["code"]) == (409, "address_reserved")
    assert alloc(robin, agent_id="wren", local_part="free", aliases=[name]).status == 409
    assert alloc(robin, agent_id=name).body["address"].startswith(f"{name}-")
    assert alloc(robin, agent_id="wren", local_part=name, domain="agents.olive.example").status == 201


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "agent_id"),
        ({"agent_id": ""}, "agent_id"),
        ({"agent_id": "Wren"}, "agent_id"),
        ({"agent_id": "wren\n"}, "agent_id"),
        ({"agent_id": "w" * 65}, "agent_id"),
        ({"agent_id": 5}, "agent_id"),
        ({"agent_id": "wr\x00en"}, "agent_id"),
        ({"agent_id": "wren", "local_part": "a..b"}, "local_part"),
        ({"agent_id": "wren", "local_part": "-a"}, "local_part"),
        ({"agent_id": "wren", "local_part": "a+b"}, "local_part"),
        ({"agent_id": "wren", "local_part": "l" * 65}, "local_part"),
        ({"agent_id": "wren", "domain": "localhost"}, "domain"),
        ({"agent_id": "wren", "domain": "b\u00fccher.example"}, "domain"),
        ({"agent_id": "wren", "domain": ".".join(["d" * 60] * 5)}, "domain"),
        ({"agent_id": "wren", "aliases": ["ok", "no@t"]}, "aliases.1"),
        ({"agent_id": "wren", "aliases": ["a"] * 21}, "aliases"),
        ({"agent_id": "wren", "alias": ["a"]}, "alias"),
    ],
)
def test_a_wrong_value_is_named(robin: Known, body: dict[str, Any], path: str) -> None:
    answer = alloc(robin, **body)
    assert (answer.status, answer.body["code"]) == (400, "invalid")
    assert list(answer.wrong) == [path]


def test_a_misspelt_field_is_told_its_name(robin: Known) -> None:
    assert "`local_part`" in alloc(robin, agent_id="wren", localpart="x").wrong["localpart"]


def test_the_longest_address_is_what_smtp_takes(robin: Known) -> None:
    domain = ".".join(["d" * 62] * 3)
    assert len(domain) == 188
    answer = alloc(robin, agent_id="wren", local_part="l" * 64, domain=domain)
    assert len(answer.body["address"]) == 253


@pytest.mark.parametrize("name", ["...", "-", ".a..b.", "_", "a.-b", "w" * 64])
def test_any_agent_id_gets_an_address_that_mtas_take(robin: Known, name: str) -> None:
    for _ in range(2):
        answer = alloc(robin, agent_id=name)
        assert answer.status == 201
        local = answer.body["address"].partition("@")[0]
        assert ".." not in local
        assert 1 <= len(local) <= 64
        assert not local.startswith((".", "-"))
        assert not local.endswith((".", "-"))


@given(st.text(alphabet="ab-._", max_size=70))
def test_the_local_part_pattern_is_dots_between_words(text: str) -> None:
    words = text.split(".")
    sane = all(word and word[0] != "-" and word[-1] != "-" for word in words)
    assert bool(re.search(LOCAL_PART.regex, text)) == sane


def test_the_local_part_pattern_is_linear() -> None:
    assert not re.search(LOCAL_PART.regex, "a-" * 50_000 + "!")
    assert LOCAL_PART_LENGTH == 64


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("robin+news@a.example", "robin@a.example"),
        ("robin+@a.example", "robin@a.example"),
        ("robin+a+b@a.example", "robin@a.example"),
        ("+tag@a.example", "+tag@a.example"),
        ("robin@a+b.example", "robin@a+b.example"),
    ],
)
def test_plus_tags_are_set_aside(address: str, plain: str) -> None:
    assert without_tag(address) == plain


def at_once(count: int, owner_key: str, **body: Any) -> list[Answer]:
    """The same call from so many threads, each on a connection of its own, all begun together."""
    answers: list[Answer] = []
    start = threading.Barrier(count)

    def one() -> None:
        start.wait()
        try:
            answers.append(call("/alloc", body, owner_key))
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


@pytest.mark.django_db(transaction=True)
def test_one_new_agent_asked_for_at_once_is_made_once_with_one_key() -> None:
    olive = known_agent()
    answers = at_once(6, olive.owner_key, agent_id="wren", domain="agents.new.example")
    assert [answer.status for answer in answers] == [201] * 6
    assert sum("agent_key" in answer.body for answer in answers) == 1
    assert len({answer.body["address"] for answer in answers}) == 6
    wren = Agent.objects.get(name="wren")
    assert (wren.keys.count(), AgentKey.objects.filter(agent=wren).count()) == (1, 1)
    assert Domain.objects.filter(name="agents.new.example").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_address_asked_for_at_once_is_given_once() -> None:
    olive = known_agent()
    answers = at_once(6, olive.owner_key, agent_id="wren", local_part="the-one", aliases=["first", "second"])
    assert sorted(answer.status for answer in answers) == [201] + [409] * 5
    assert Address.objects.filter(agent__name="wren").count() == 3
    assert sum("agent_key" in answer.body for answer in answers) == 1


@pytest.mark.django_db(transaction=True)
def test_one_domain_asked_for_by_two_owners_at_once_is_one_owners() -> None:
    people = [known_agent(f"a{number}", f"Owner {number}") for number in range(4)]
    answers: dict[str, Answer] = {}
    start = threading.Barrier(len(people))

    def one(known: Known) -> None:
        start.wait()
        try:
            answers[known.owner.name] = alloc(known, agent_id=known.agent.name, domain="agents.wanted.example")
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(known,)) for known in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answer.status for answer in answers.values()) == [201, 403, 403, 403]
    holder = Owner.objects.get(domains__name="agents.wanted.example")
    assert answers[holder.name].status == 201
