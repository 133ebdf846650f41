"""A check reads DNS into the row: outside any transaction, on record when something changed, once a day by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.db import connection, connections
from django.utils.module_loading import import_string
from pytest_django.fixtures import Settings

from postbox.audit.models import AuditRecord
from postbox.identity.domain import checking
from postbox.identity.domain.checking import check, check_due, described, due, wanted
from postbox.identity.domain.holding import put
from postbox.identity.models import Domain
from postbox.lib import clock
from postbox.lib.dns import TemporaryFailure
from tests.people import known_agent

NAME = "agents.wren.example"


@pytest.fixture(autouse=True)
def site(settings: Settings) -> None:
    settings.POSTBOX_MX_HOST, settings.POSTBOX_SPF_INCLUDE = "mx.postbox.example", ""


class Dns:
    """Says what ``zone`` holds, and notes whether it was asked inside a transaction."""

    def __init__(self) -> None:
        self.zone: dict[tuple[str, str], list[str]] = {}
        self.failing = False
        self.asked: list[tuple[str, str]] = []
        self.in_transaction: set[bool] = set()

    def __call__(self, name: str, rdtype: str) -> list[str]:
        self.asked.append((name, rdtype))
        self.in_transaction.add(connection.in_atomic_block)
        if self.failing:
            raise TemporaryFailure("no answer")
        return self.zone.get((name, rdtype), [])

    def publish(self, domain: Domain) -> None:
        self.zone = {(one.name, one.type): [one.value] for one in wanted(domain)}


def states(domain: Domain) -> set[str]:
    return {state.value for state in domain.states.values()}


def audited(domain: Domain) -> list[str]:
    rows = AuditRecord.objects.filter(subject=str(domain.pk)).order_by("id")
    return [action for action in rows.values_list("action", flat=True) if action != "domain.created"]


@pytest.fixture
def domain(db: None) -> Domain:
    return put(known_agent().owner, NAME, actor="test")


def test_a_check_writes_what_was_found(domain: Domain) -> None:
    dns = Dns()
    assert {one["state"] for one in described(domain)} == {"pending"}
    assert states(check(domain, actor="test", resolver=dns)) == {"missing"}
    dns.publish(domain)
    dns.zone[NAME, "MX"] = ["10 elsewhere.example"]
    checked = check(domain, actor="test", resolver=dns)
    domain.refresh_from_db()
    assert checked.states == domain.states
    assert {kind.value: state.value for kind, state in domain.states.items()} == {
        "ownership": "ok",
        "mx": "wrong",
        "spf": "ok",
        "dmarc": "ok",
        "dkim": "ok",
    }
    assert domain.verified_at == domain.checked_at is not None
    shown = {one["kind"]: one for one in described(domain)}
    assert shown["mx"]["found"] == ["10 elsewhere.example"]
    assert "10 mx.postbox.example" in shown["mx"]["advice"]
    assert audited(domain) == ["domain.checked", "domain.checked", "domain.verified"]


def test_a_check_that_finds_nothing_new_leaves_no_record(domain: Domain) -> None:
    dns = Dns()
    dns.publish(domain)
    for _ in range(3):
        check(domain, actor="test", resolver=dns)
    assert audited(domain) == ["domain.checked", "domain.verified"]


def test_no_answer_is_unknown_and_takes_no_proof_away(domain: Domain) -> None:
    dns = Dns()
    dns.publish(domain)
    check(domain, actor="test", resolver=dns)
    dns.failing = True
    checked = check(domain, actor="test", resolver=dns)
    assert states(checked) == {"unknown"}
    assert checked.verified_at


@pytest.mark.django_db(transaction=True)
def test_dns_is_never_asked_inside_a_transaction() -> None:
    domain = put(known_agent().owner, NAME, actor="test")
    dns = Dns()
    dns.publish(domain)
    check(domain, actor="test", resolver=dns)
    Domain.objects.update(checked_at=None)
    assert check_due(resolver=dns) == 1
    assert len(dns.asked) == 10
    assert dns.in_transaction == {False}


def test_what_is_deleted_meanwhile_stays_deleted(domain: Domain) -> None:
    def deleting(name: str, rdtype: str) -> list[str]:
        Domain.objects.filter(pk=domain.pk).delete()
        return []

    check(domain, actor="test", resolver=deleting)
    assert not Domain.objects.filter(name=NAME).exists()
    assert audited(domain) == []


def test_hostile_octets_in_dns_are_stored(domain: Domain) -> None:
    dns = Dns()
    dns.zone[f"_postbox.{NAME}", "TXT"] = ["postbox-verify=\x00\ud800\x1b[31m" + "x" * 100_000] * 50
    checked = check(domain, actor="test", resolver=dns)
    checked.refresh_from_db()
    assert checked.ownership_state == "wrong"
    assert len(str(checked.findings)) < 20_000


def test_each_is_due_once_a_day_the_unanswered_after_an_hour(domain: Domain) -> None:
    dns = Dns()
    assert list(due()) == [domain]  # the default domain, under localhost, is no matter of DNS
    assert check_due(resolver=dns) == 1
    assert check_due(resolver=dns) == 0
    now = clock.now()
    with clock.frozen(now + timedelta(hours=23)):
        assert check_due(resolver=dns) == 0
    dns.failing = True
    with clock.frozen(now + timedelta(hours=25)):
        assert check_due(resolver=dns) == 1
        assert check_due(resolver=dns) == 0
    with clock.frozen(now + timedelta(hours=27)):
        assert check_due(resolver=dns) == 1


def test_one_that_fails_does_not_keep_the_others(domain: Domain) -> None:
    put(domain.owner, "a.other.example", actor="test")
    dns = Dns()

    def failing(name: str, rdtype: str) -> list[str]:
        if name.endswith(NAME):
            raise RuntimeError("a fault of ours")
        return dns(name, rdtype)

    assert check_due(resolver=failing) == 1
    assert Domain.objects.get(name="a.other.example").checked_at
    assert Domain.objects.get(name=NAME).checked_at is None


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_the_work_once() -> None:
    put(known_agent().owner, NAME, actor="test")
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute(checking._LOCK)
            assert cursor.fetchone()[0]
            assert check_due(resolver=Dns()) == 0
            cursor.execute(checking._UNLOCK)
        assert check_due(resolver=Dns()) == 1
    finally:
        other.close()


def test_beat_sends_it_to_the_maintenance_queue() -> None:
    task = configured.CELERY_BEAT_SCHEDULE["domains"]["task"]
    assert configured.CELERY_TASK_ROUTES["postbox.maintenance.*"]["queue"] == "maintenance"
    assert import_string("postbox.identity.tasks.check_domains").name == task
