"""Policies at the desk: put, seen by owner, tried, and authentication over time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import reverse
from pytest_django.fixtures import Settings

from postbox.audit.models import AuditRecord
from postbox.identity.keys import forget
from postbox.identity.models import Address
from postbox.mail.models import Message, Status
from postbox.screening import figures
from postbox.screening.models import Policy
from tests.admin.operators import client_of, operator, viewer
from tests.ingest.test_gate import brought, settled, vouch
from tests.nameserver import Nameserver, nameserver
from tests.people import Known, known_agent
from tests.screening.auth.signing import plain

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def robin() -> Iterator[Known]:
    forget()
    yield known_agent()
    forget()


@pytest.fixture
def ns(settings: Settings) -> Iterator[Nameserver]:
    with nameserver() as made:
        settings.POSTBOX_DNS_SERVERS = (made.server,)
        vouch(made, "wren.example")
        yield made


def url(page: str, *args: object) -> str:
    return reverse(f"admin:screening_policy_{page}", args=args)


def form(robin: Known, **words: object) -> dict[str, object]:
    return {"owner": robin.owner.pk, "auth": "enforce", "mode": "", "strangers": "", "checks": "{}", **words}


def test_an_operator_puts_and_changes_a_policy_on_record(robin: Known) -> None:
    desk = client_of(operator())
    address = Address.objects.get(address=robin.address)
    sent = form(robin, address=address.pk, block="Eve@Evil.example\n\n*.spam.example")
    assert desk.post(url("add"), sent).status_code == 302
    policy = Policy.objects.get()
    assert (policy.auth, policy.mode, policy.block) == ("enforce", None, ["eve@evil.example", "*.spam.example"])
    changed = {"auth": "monitor", "mode": "allowlist", "strangers": "hold", "checks": "{}"}
    changed |= {"allow": "wren.example", "block": ""}
    assert desk.post(url("change", policy.pk), changed).status_code == 302
    policy.refresh_from_db()
    assert (policy.auth, policy.strangers, policy.allow, policy.block) == ("monitor", "hold", ["wren.example"], [])
    assert policy.address == address
    records = AuditRecord.objects.filter(subject=str(policy.pk)).order_by("id")
    assert [row.action for row in records] == ["policy.made", "policy.changed"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"block": "not a domain"}, "neither an address nor a domain"),
        ({"checks": '{"colour": 1}'}, "is no setting of a check"),
        ({"checks": "[1]"}, "Write a JSON object"),
    ],
)
def test_what_is_wrong_is_said(robin: Known, words: dict[str, object], said: str) -> None:
    answer = client_of(operator()).post(url("add"), form(robin, **words))
    assert said in answer.content.decode()
    assert not Policy.objects.exists()


def test_another_owners_address_and_a_second_policy_are_refused(robin: Known) -> None:
    desk, other = client_of(operator()), known_agent("wren", "Otto")
    address = Address.objects.get(address=other.address)
    assert "You hold nothing of that name" in desk.post(url("add"), form(robin, address=address.pk)).content.decode()
    Policy.objects.create(owner=robin.owner, auth="monitor")
    assert desk.post(url("add"), form(robin)).status_code == 200
    assert Policy.objects.count() == 1


def test_one_page_shows_all_levels_and_who_is_blocked(robin: Known) -> None:
    address = Address.objects.get(address=robin.address)
    Policy.objects.create(owner=robin.owner, auth="enforce", block=["evil.example"])
    Policy.objects.create(owner=robin.owner, agent=robin.agent, mode="allowlist", strangers="hold", allow=["a.example"])
    Policy.objects.create(owner=robin.owner, address=address, auth="monitor")
    page = client_of(viewer()).get(url("owner", robin.owner.pk)).content.decode()
    for said in ("evil.example", "a.example", "the allowed; others: hold", robin.address, "settings", "as above"):
        assert said in page
    assert "Add a policy" not in page
    assert "Add a policy" in client_of(operator()).get(url("owner", robin.owner.pk)).content.decode()


def test_authentication_over_time_and_who_was_kept_out(robin: Known, ns: Nameserver) -> None:
    Policy.objects.create(owner=robin.owner, auth="quarantine", block=["evil.example"])
    settled(brought(robin))
    settled(brought(robin, raw=plain("Ann <ann@bank.example>")))
    settled(brought(robin, raw=plain("Eve <eve@evil.example>")))
    assert [(kind, count) for kind, _, count in figures.over_time().sums] == [
        ("authenticated", 1), ("not authenticated", 2), ("not answered", 0), ("not checked", 0),
    ]  # fmt: skip
    assert sorted((sender, code, count) for sender, code, count, _ in figures.kept_out()) == [
        ("ann@bank.example", "not_authenticated", 1),
        ("eve@evil.example", "blocked", 1),
        ("eve@evil.example", "not_authenticated", 1),
    ]
    page = client_of(viewer()).get(url("over_time")).content.decode()
    assert "not authenticated (2)" in page
    assert "?q=eve%40evil.example" in page
    assert "Nothing vouches for the author" in page


def test_a_draft_is_tried_and_nothing_changes(robin: Known, ns: Nameserver) -> None:
    policy = Policy.objects.create(owner=robin.owner, auth="monitor")
    settled(brought(robin, raw=plain("Ann <ann@bank.example>")))
    desk = client_of(operator())
    assert "Try on the newest" in desk.get(url("try_one", policy.pk)).content.decode()
    page = desk.post(url("try_one", policy.pk), {"auth": "enforce"}).content.decode()
    assert "1 of 1 would have gone another way" in page
    assert "SPF, DKIM and DMARC must all pass here" in page
    assert Message.objects.get().status == Status.PROCESSED
    Policy.objects.update(checks={"new_domain": "quarantine"})
    refusing = {"auth": "monitor", "checks": '{"new_domain": "refuse"}'}
    assert '<td data-label="By">lookalike</td>' in desk.post(url("try_one", policy.pk), refusing).content.decode()
    assert "All of these" in desk.post(url("try_one", policy.pk), {"auth": "monitor"}).content.decode()
    assert "is no setting" in desk.post(url("try_one", policy.pk), {"checks": '{"colour": 1}'}).content.decode()
    policy.refresh_from_db()
    assert (policy.auth, policy.checks) == ("monitor", {"new_domain": "quarantine"})
    assert AuditRecord.objects.filter(action="policy.tried").count() == 3
    assert client_of(viewer()).get(url("try_one", policy.pk)).status_code == 403


def test_a_message_says_why_it_was_refused_step_by_step(robin: Known, ns: Nameserver) -> None:
    Policy.objects.create(owner=robin.owner, auth="enforce")
    message = settled(brought(robin, raw=plain("Ann <ann@bank.example>")))
    page = client_of(operator()).get(reverse("admin:mail_message_change", args=[message.pk])).content.decode()
    assert "SPF, DKIM and DMARC must all pass here. SPF pass for wren.example; no DKIM signature; DMARC none." in page
