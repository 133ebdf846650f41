"""Claims on a domain that another owner holds: proof beats order, whoever comes at once, and each loss is on record."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from pytest_django.fixtures import Settings

from postbox.audit.models import AuditRecord
from postbox.identity.alloc import allocate
from postbox.identity.domain import claims
from postbox.identity.domain.checking import check
from postbox.identity.domain.claims import claim, prove, wanted
from postbox.identity.domain.holding import DomainNotYours, DomainShared, put
from postbox.identity.models import Address, Domain, DomainClaim
from postbox.identity.recipients import forget, resolve
from postbox.ingest import work
from postbox.lib import clock
from postbox.mail.models import Message
from tests.callers import call
from tests.identity.test_checking import Dns
from tests.people import Known, deliver, known_agent, mail

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "agents.wren.example"


@pytest.fixture(autouse=True)
def site(settings: Settings) -> None:
    settings.POSTBOX_MX_HOST, settings.POSTBOX_SPF_INCLUDE = "mx.postbox.example", ""


@pytest.fixture
def squatter(transactional_db: None) -> Known:
    """Olive names the domain first, with an address and a catch-all on it."""
    robin = known_agent()
    allocate(robin.owner, "robin", local_part="sales", domain=NAME, actor="test")
    put(robin.owner, NAME, catch_all="robin", actor="test")
    return robin


@pytest.fixture
def oscar(squatter: Known) -> Known:
    return known_agent("wren", "Oscar")


def claimed(known: Known) -> DomainClaim:
    made = claim(known.owner, NAME, actor="test")
    assert isinstance(made, DomainClaim)
    return made


def publish(dns: Dns, *made: DomainClaim | Domain) -> None:
    texts = []
    for one in made:
        name = one.name if isinstance(one, Domain) else one.domain.name
        assert name == NAME
        texts.append(f"postbox-verify={one.token.hex}")
    dns.zone = {(f"_postbox.{NAME}", "TXT"): texts}


def domain() -> Domain:
    return Domain.objects.get(name=NAME)


def audited() -> list[str]:
    rows = AuditRecord.objects.filter(subject=str(domain().pk)).order_by("id")
    return list(rows.values_list("action", flat=True))


def test_a_claim_alone_holds_nothing(squatter: Known, oscar: Known) -> None:
    made = claimed(oscar)
    assert claimed(oscar).pk == made.pk
    assert domain().owner == squatter.owner
    with pytest.raises(DomainNotYours) as raised:
        allocate(oscar.owner, "wren", domain=NAME, actor="test")
    assert '"claim": true' in raised.value.fix
    with pytest.raises(DomainNotYours):
        put(oscar.owner, NAME, catch_all="wren", actor="test")
    still = prove(made, actor="test", resolver=Dns())
    assert isinstance(still, DomainClaim)
    assert still.ownership_state == "missing"
    assert resolve([f"any@{NAME}"])[f"any@{NAME}"].agent_id == squatter.agent.pk
    assert audited() == ["domain.created", "domain.changed", "domain.claimed", "domain.claim_checked"]


def test_proof_takes_the_domain_and_ends_what_the_first_one_had(squatter: Known, oscar: Known) -> None:
    deliver(mail(), f"sales@{NAME}")
    work.run()
    dns, made = Dns(), claimed(oscar)
    publish(dns, made)
    won = prove(made, actor="test", resolver=dns)
    assert isinstance(won, Domain)
    held = domain()
    assert (held.owner, held.token, held.catch_all, held.root_allowed) == (oscar.owner, made.token, None, False)
    assert held.verified_at
    assert not DomainClaim.objects.exists()
    assert resolve([f"any@{NAME}", f"sales@{NAME}"]) == {}
    ended = Address.objects.get(address=f"sales@{NAME}")
    assert ended.ended_at
    assert Message.objects.get().address_id == ended.pk  # its mail stays where it is
    with pytest.raises(DomainNotYours):
        allocate(squatter.owner, "robin", local_part="more", domain=NAME, actor="test")
    # The same address, for its true owner now.
    allocate(oscar.owner, "wren", local_part="sales", domain=NAME, actor="test")
    assert resolve([f"sales@{NAME}"])[f"sales@{NAME}"].agent_id == oscar.agent.pk
    receipt = deliver(mail(), f"sales@{NAME}")
    assert [stored.recipient.agent_id for stored in receipt.stored] == [oscar.agent.pk]
    assert audited()[-3:] == ["domain.claimed", "domain.taken_over", "domain.verified"]
    detail = AuditRecord.objects.get(action="domain.taken_over").detail
    assert detail == {
        "owner": str(oscar.owner.pk),
        "former_owner": str(squatter.owner.pk),
        "addresses_ended": 1,
    }


def test_the_holder_keeps_it_while_its_own_record_is_there(squatter: Known, oscar: Known) -> None:
    dns, made = Dns(), claimed(oscar)
    publish(dns, made, domain())
    still = prove(made, actor="test", resolver=dns)
    assert isinstance(still, DomainClaim)
    assert still.ownership_state == "wrong"
    assert "stays theirs" in still.advice
    assert domain().owner == squatter.owner
    publish(dns, made)  # as after a sale: the former holder's record is gone
    assert isinstance(prove(still, actor="test", resolver=dns), Domain)
    assert domain().owner == oscar.owner


def test_a_holder_who_proves_it_ends_the_claims_of_others(squatter: Known, oscar: Known) -> None:
    claimed(oscar)
    dns = Dns()
    publish(dns, domain())
    check(domain(), actor="test", resolver=dns)
    assert not DomainClaim.objects.exists()
    lost = AuditRecord.objects.get(action="domain.claim_lost")
    assert (lost.subject, lost.detail) == (str(domain().pk), {"owner": str(oscar.owner.pk)})
    assert claimed(oscar)  # it may change hands again


def test_of_two_claims_the_first_that_is_proven_wins_and_the_other_loses(squatter: Known, oscar: Known) -> None:
    petra = known_agent("finch", "Petra")
    dns, first, second = Dns(), claimed(oscar), claimed(petra)
    publish(dns, first, second)
    assert isinstance(prove(second, actor="test", resolver=dns), Domain)
    assert domain().owner == petra.owner
    assert prove(first, actor="test", resolver=dns) is first  # lost meanwhile
    assert AuditRecord.objects.get(action="domain.claim_lost").detail == {"owner": str(oscar.owner.pk)}


def test_no_answer_proves_nothing(squatter: Known, oscar: Known) -> None:
    dns, made = Dns(), claimed(oscar)
    dns.failing = True
    still = prove(made, actor="test", resolver=dns)
    assert isinstance(still, DomainClaim)
    assert still.ownership_state == "unknown"
    assert domain().owner == squatter.owner
    assert dns.in_transaction == {False}


def test_many_who_prove_at_once_leave_one_holder(squatter: Known) -> None:
    others = [known_agent(f"agent{number}", f"Owner {number}") for number in range(6)]
    made = [claimed(known) for known in others]
    dns = Dns()
    publish(dns, *made)
    gate = threading.Barrier(len(made))
    won: list[Domain] = []
    errors: list[Exception] = []

    def one(own: DomainClaim) -> None:
        gate.wait()
        try:
            if isinstance(found := prove(own, actor="test", resolver=dns), Domain):
                won.append(found)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(own,)) for own in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    assert len(won) == 1
    assert domain().owner_id == won[0].owner_id
    assert not DomainClaim.objects.exists()
    actions = list(AuditRecord.objects.values_list("action", flat=True))
    assert (actions.count("domain.taken_over"), actions.count("domain.claim_lost")) == (1, 5)


def test_an_address_that_is_being_given_out_ends_too(squatter: Known, oscar: Known) -> None:
    """The take-over waits for an /alloc under way, and one that comes after it is refused."""
    dns, made = Dns(), claimed(oscar)
    publish(dns, made)
    other = connections.create_connection("default")
    results: list[object] = []
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM domains WHERE name = %s FOR NO KEY UPDATE", [NAME])
            cursor.execute(
                "INSERT INTO addresses (id, agent_id, domain_id, address, kind, created_at) "
                "VALUES (gen_random_uuid(), %s, %s, %s, 'alias', now())",
                [squatter.agent.pk, domain().pk, f"late@{NAME}"],
            )

            def proving() -> None:
                results.append(prove(made, actor="test", resolver=dns))
                connection.close()

            thread = threading.Thread(target=proving)
            thread.start()
            thread.join(0.3)
            assert thread.is_alive()  # it waits
            cursor.execute("COMMIT")
            thread.join(30)
    finally:
        other.close()
    assert isinstance(results[0], Domain)
    assert not Address.objects.filter(domain=domain(), ended_at=None).exists()


def test_a_check_for_the_former_holder_notes_nothing_on_the_new_ones_row(squatter: Known, oscar: Known) -> None:
    dns, made, stale = Dns(), claimed(oscar), domain()
    publish(dns, made)
    prove(made, actor="test", resolver=dns)
    checked = check(stale, actor="test", resolver=dns)
    assert (checked.owner, checked.ownership_state, checked.checked_at) == (oscar.owner, "ok", None)


def test_the_shared_domain_cannot_be_claimed_and_a_free_one_is_taken(oscar: Known) -> None:
    with pytest.raises(DomainShared):
        claim(oscar.owner, "Agents.Localhost", actor="test")
    assert isinstance(claim(oscar.owner, "agents.free.example", actor="test"), Domain)


def test_a_lost_address_that_is_a_catch_all_elsewhere_goes_on_there(squatter: Known, oscar: Known) -> None:
    put(squatter.owner, "other.wren.example", catch_all=f"sales@{NAME}", actor="test")
    dns, made = Dns(), claimed(oscar)
    publish(dns, made)
    prove(made, actor="test", resolver=dns)
    forget()
    assert resolve(["x@other.wren.example"])["x@other.wren.example"].agent_id == squatter.agent.pk


def test_over_http_from_claim_to_address(squatter: Known, oscar: Known, settings: Settings) -> None:
    refused = call("/domain/put", {"domain": NAME}, oscar.owner_key)
    assert (refused.status, refused.body["code"]) == (403, "domain_not_yours")
    made = call("/domain/put", {"domain": NAME, "claim": True}, oscar.owner_key)
    assert (made.status, made.body["held"], made.body["verified_at"]) == (200, False, None)
    assert [one["kind"] for one in made.body["records"]] == ["ownership"]
    assert "Olive" not in str(made.body)
    assert made.body["records"][0]["value"] != f"postbox-verify={domain().token.hex}"
    assert call("/domain/put", {"domain": NAME, "claim": True, "catch_all": "wren"}, oscar.owner_key).status == 403
    listed = call("/domain/list", {}, oscar.owner_key).body
    assert [(one["domain"], one["held"]) for one in listed["domains"]] == [(NAME, False)]
    from tests.nameserver import nameserver

    with nameserver() as ns:
        settings.POSTBOX_DNS_SERVERS = (ns.server,)
        assert call("/domain/check", {"domain": NAME}, oscar.owner_key).body["records"][0]["state"] == "missing"
        asked = len(ns.asked)
        record = wanted(DomainClaim.objects.get())
        ns.zone[record.name, "TXT"] = [f'"{record.value}"']
        again = call("/domain/check", {"domain": NAME}, oscar.owner_key)
        assert (again.body["held"], len(ns.asked)) == (False, asked)  # within five seconds
        with clock.frozen(clock.now() + timedelta(seconds=6)):
            won = call("/domain/check", {"domain": NAME}, oscar.owner_key)
    assert (won.status, won.body["held"]) == (200, True)
    assert {one["kind"]: one["state"] for one in won.body["records"]}["ownership"] == "ok"
    assert call("/alloc", {"agent_id": "wren", "domain": NAME}, oscar.owner_key).status == 201
    assert call("/domain/check", {"domain": NAME}, squatter.owner_key).status == 404


def test_claims_that_nobody_checks_expire(squatter: Known, oscar: Known) -> None:
    made = claimed(oscar)
    assert claims.expired_claims(clock.now() - timedelta(days=1), 10) == 0
    assert claims.expired_claims(clock.now() + timedelta(days=1), 10) == 1
    assert prove(made, actor="test", resolver=Dns()) is made
