"""The keys of a domain: published, checked, rotated by selector, let go."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from postbox.audit.models import AuditRecord
from postbox.identity.domain import dkim
from postbox.identity.domain.checking import check, described, wanted
from postbox.identity.domain.holding import put
from postbox.identity.models import DkimKey, Domain
from postbox.identity.published.dkim import judge_dkim
from postbox.identity.published.finding import State
from postbox.identity.published.records import dkim_record
from postbox.lib import clock
from tests.people import Known, known_agent

pytestmark = pytest.mark.django_db
NAME = "agents.wren.example"
RECORD = dkim_record(NAME, "pbx1", "MIIBIjANBg")


@pytest.fixture
def robin() -> Known:
    return known_agent()


@pytest.fixture
def domain(robin: Known) -> Domain:
    return put(robin.owner, NAME, actor="test")


def look(domain: Domain, *published: DkimKey) -> Domain:
    zone = {record.name: record.value for record in wanted(domain)}
    names = {f"{key.selector}._domainkey.{NAME}" for key in published}
    return check(domain, actor="test", resolver=lambda name, kind: [zone[name]] if name in names else [])


def signing(robin: Known) -> str:
    dkim.forget()
    key = dkim.signing_key(NAME, robin.agent.id)
    return key.selector if key else ""


def test_a_domain_that_is_taken_has_a_key_to_publish(domain: Domain) -> None:
    row = DkimKey.objects.get()
    shown = described(domain)[-1]
    assert (shown["kind"], shown["name"]) == ("dkim", f"{row.selector}._domainkey.{NAME}")
    assert shown["value"] == f"v=DKIM1; k=rsa; p={row.public}"
    put(domain.owner, NAME, allow_root=True, actor="test")
    assert DkimKey.objects.count() == 1


def test_a_new_key_signs_once_it_is_seen_and_the_old_one_stays_for_a_while(robin: Known, domain: Domain) -> None:
    old = DkimKey.objects.get()
    assert signing(robin) == old.selector  # it signs from the first mail on
    assert look(domain, old).dkim_state == State.OK
    new = dkim.rotate(domain, actor="test")
    assert new.selector != old.selector
    assert Domain.objects.get(pk=domain.pk).dkim_state == State.PENDING
    assert signing(robin) == old.selector
    look(domain, old, new)
    assert signing(robin) == new.selector
    assert "may be taken away after" in described(domain)[-1]["advice"]
    with clock.frozen(clock.now() + dkim.GRACE - timedelta(hours=1)):
        look(domain, old, new)
        assert DkimKey.objects.count() == 2
    with clock.frozen(clock.now() + dkim.GRACE + timedelta(hours=1)):
        assert look(domain, new).dkim_state == State.OK
        assert DkimKey.objects.get() == new
    actions = set(AuditRecord.objects.filter(action__startswith="dkim.").values_list("action", flat=True))
    assert actions == {"dkim.created", "dkim.retired", "dkim.deleted"}


def test_a_key_that_was_never_published_is_replaced(robin: Known, domain: Domain) -> None:
    new = dkim.rotate(domain, actor="test")
    assert DkimKey.objects.get() == new
    assert signing(robin) == new.selector


def test_an_agents_own_key_waits_for_its_record_too(robin: Known, domain: Domain) -> None:
    ours = DkimKey.objects.get()
    look(domain, ours)
    own = dkim.rotate(domain, agent=robin.agent, actor="test")
    assert signing(robin) == ours.selector
    look(domain, ours, own)
    assert signing(robin) == own.selector
    assert not DkimKey.objects.exclude(retired_at=None).exists()
    assert signing(known_agent("wren")) == ours.selector


def test_what_is_missing_is_the_domains_state(domain: Domain) -> None:
    assert look(domain).states["dkim"] == State.MISSING  # type: ignore[index]


def test_the_command_makes_keys(domain: Domain, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("domain", "dkim", NAME, "--agent", "robin")
    assert capsys.readouterr().out.count("._domainkey.") >= 2
    assert DkimKey.objects.exclude(agent=None).count() == 1
    call_command("domain", "list")
    assert " dkim " in capsys.readouterr().out
    with pytest.raises(CommandError, match="no agent"):
        call_command("domain", "dkim", NAME, "--agent", "nobody")


@pytest.mark.parametrize(
    ("found", "state", "words"),
    [
        ([RECORD.value], State.OK, ""),
        (["v=DKIM1;k=rsa;p=MIIB IjAN Bg"], State.OK, ""),
        (["p=MIIBIjANBg"], State.OK, ""),
        (["v=DKIM1; t=y; p=MIIBIjANBg"], State.OK, "testing"),
        ([], State.MISSING, "Publish a TXT record at pbx1._domainkey"),
        (["some words"], State.MISSING, "Publish"),
        (["v=DKIM1; k=rsa; p="], State.WRONG, "revokes"),
        (["v=DKIM1; k=rsa; p=MIIBI"], State.WRONG, "Only a part"),
        (["v=DKIM1; k=rsa; p=other"], State.WRONG, "another key"),
        (["v=DKIM1; k=ed25519; p=MIIBIjANBg"], State.WRONG, "no RSA"),
        ([RECORD.value, "v=DKIM1; p=other"], State.WRONG, "several keys"),
    ],
)
def test_judging(found: list[str], state: State, words: str) -> None:
    judged = judge_dkim(RECORD, found)
    assert judged.state == state
    assert words in judged.advice
    assert bool(words) == bool(judged.advice)
