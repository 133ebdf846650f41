"""Domains at the desk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import Settings

from postbox.audit.models import AuditRecord
from postbox.identity.domain.claims import claim
from postbox.identity.domain.holding import put
from postbox.identity.models import Address, Domain, DomainClaim
from tests.admin.operators import client_of, operator, viewer
from tests.nameserver import Nameserver, nameserver
from tests.people import Known, known_agent

pytestmark = pytest.mark.django_db

NAME = "agents.wren.example"
SUBMITTED = {"_form_submitted": "True"}
LIST = "admin:identity_domain_changelist"


@pytest.fixture
def ns(settings: Settings) -> Iterator[Nameserver]:
    with nameserver() as made:
        settings.POSTBOX_DNS_SERVERS = (made.server,)
        settings.POSTBOX_MX_HOST = "mx.postbox.example"
        yield made


@pytest.fixture
def robin() -> Known:
    return known_agent()


def url(page: str, domain: Domain) -> str:
    return reverse(f"admin:identity_domain_{page}", args=[domain.pk])


def test_an_operator_adds_a_domain_and_sees_what_to_publish(robin: Known, settings: Settings) -> None:
    settings.POSTBOX_MX_HOST = "mx.postbox.example"
    otto = operator()
    client = client_of(otto)
    answer = client.post(reverse("admin:identity_domain_add"), {"owner": robin.owner.pk, "name": "Agents.Wren.example"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    domain = Domain.objects.get(name=NAME)
    page = client.get(url("change", domain)).text
    for text in ("10 mx.postbox.example", "v=spf1 mx -all", f"postbox-verify={domain.token.hex}", "Not checked yet"):
        assert text in page
    assert AuditRecord.objects.get(action="domain.created", subject=str(domain.pk)).actor == f"user:{otto.pk}"
    again = client.post(reverse("admin:identity_domain_add"), {"owner": robin.owner.pk, "name": NAME})
    assert "held already" in again.text


def test_a_check_is_a_post_and_shows_what_was_found(ns: Nameserver, robin: Known) -> None:
    domain = put(robin.owner, NAME, actor="test")
    ns.zone = {(NAME, "MX"): ["10 elsewhere.example."], (NAME, "TXT"): ['"v=spf1 <script>x</script> -all"']}
    client = client_of(operator())
    assert client.get(url("check_one", domain)).status_code == 200  # the dialog; it asks nobody
    assert ns.asked == []
    client.post(url("check_one", domain), SUBMITTED)
    assert ns.asked
    page = client.get(url("change", domain)).text
    assert "10 elsewhere.example" in page
    assert "Mail for the domain goes elsewhere" in page
    assert "<script>x</script>" not in page
    assert "Missing" in page
    assert "pbx-danger" in client.get(reverse(LIST)).text


def test_the_catch_all_and_the_root_are_changed_in_a_dialog(robin: Known) -> None:
    domain = put(robin.owner, "wren.example", actor="test")
    client = client_of(operator())
    change = url("change_one", domain)
    client.post(change, SUBMITTED | {"catch_all": "robin"})
    domain.refresh_from_db()
    assert domain.catch_all is None  # a root, and nobody has allowed it
    assert "Not saved" in client.get(url("change", domain)).text
    client.post(change, SUBMITTED | {"catch_all": "robin", "root_allowed": "on"})
    domain.refresh_from_db()
    assert Domain.objects.get(root_allowed=True).catch_all == Address.objects.get(address=robin.address)
    assert robin.address in client.get(change).text
    client.post(change, SUBMITTED | {"catch_all": "", "root_allowed": "on"})
    domain.refresh_from_db()
    assert domain.catch_all is None


def test_an_address_on_a_root_domain_is_refused_beside_the_field(robin: Known) -> None:
    add = reverse("admin:identity_address_add")
    data = {"agent": robin.agent.pk, "local_part": "x", "domain_name": "wren.example"}
    client = client_of(operator())
    answer = client.post(add, data)
    assert answer.status_code == 200
    assert "reputation" in answer.text
    put(robin.owner, "wren.example", allow_root=True, actor="test")
    assert client.post(add, data).status_code == 302
    assert Address.objects.filter(address="x@wren.example").exists()


def test_a_viewer_changes_and_checks_nothing(ns: Nameserver, robin: Known) -> None:
    domain = put(robin.owner, NAME, actor="test")
    client = client_of(viewer())
    page = client.get(url("change", domain))
    assert page.status_code == 200
    for action in ("check_one", "change_one"):
        assert url(action, domain) not in page.text
        assert client.post(url(action, domain), SUBMITTED).status_code == 403
    assert client.get(reverse("admin:identity_domain_add")).status_code == 403
    assert ns.asked == []


def test_a_long_list_costs_no_more_queries(robin: Known) -> None:
    client = client_of(operator())

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(LIST)).status_code == 200
        return len(captured)

    for number in range(3):
        put(robin.owner, f"a{number}.wren.example", catch_all="robin", actor="test")
    queries()
    few = queries()
    for number in range(3, 30):
        put(robin.owner, f"a{number}.wren.example", catch_all="robin", actor="test")
    assert queries() == few


def test_claims_are_seen_and_not_made_by_hand(robin: Known) -> None:
    put(robin.owner, NAME, actor="test")
    oscar = known_agent("wren", "Oscar")
    made = claim(oscar.owner, NAME, actor="test")
    assert isinstance(made, DomainClaim)
    client = client_of(operator())
    for page in (
        reverse("admin:identity_domainclaim_changelist"),
        reverse("admin:identity_domainclaim_change", args=[made.pk]),
    ):
        text = client.get(page).text
        assert NAME in text
        assert "Oscar" in text
        assert "Olive" in text
        assert "Not checked yet" in text
    assert client.get(reverse("admin:identity_domainclaim_add")).status_code == 403
