"""Every page of the admin, and that none of them asks the database more the more there is."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.admin.operators import client_of, many, quarantined, superuser, viewer
from tests.people import known_agent

pytestmark = pytest.mark.django_db

LISTS = {"mail.message", "events.event", "audit.auditrecord", "identity.agent", "identity.address", "identity.apikey"}


def _url(label: str, page: str = "changelist", *args: object) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)


def _registered() -> list[str]:
    return [model._meta.label_lower for model in admin.site._registry]


def test_what_must_be_there_is_registered() -> None:
    assert set(_registered()) >= LISTS | {"identity.owner", "identity.domain", "auth.user", "auth.group"}


def test_the_login_page_needs_no_login_and_others_do() -> None:
    assert Client(headers={"host": "127.0.0.1"}).get(reverse("admin:login")).status_code == 200
    answer = Client(headers={"host": "127.0.0.1"}).get(_url("mail.message"))
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, reverse("admin:login"))


def test_whoever_signs_in_comes_to_the_front_page() -> None:
    anna = superuser()
    anna.set_password("a long enough password")
    anna.save()
    client = Client(headers={"host": "127.0.0.1"})
    said = {"username": anna.username, "password": "a long enough password"}
    assert client.post(reverse("admin:login"), said)["Location"] == reverse("admin:index")
    assert [client.get(path)["Location"] for path in ("/", "/admin", "/docs")] == ["/admin/", "/admin/", "/docs/"]


def test_every_list_and_page_answers_when_there_is_nothing() -> None:
    client = client_of(superuser())
    for label in _registered():
        assert client.get(_url(label)).status_code == 200, label
    front = client.get(reverse("admin:index"))
    assert "No mail has come in the last 24 hours" in front.text
    assert "Nothing was quarantined" in front.text


def test_every_list_and_one_of_each_answers_when_there_is_something() -> None:
    client = client_of(superuser())
    quarantined(known_agent())
    seen = set()
    for model in admin.site._registry:
        label = model._meta.label_lower
        assert client.get(_url(label)).status_code == 200, label
        if (row := model._default_manager.first()) is not None:
            seen.add(label)
            assert client.get(_url(label, "change", row.pk)).status_code == 200, label
    assert seen >= LISTS


@pytest.mark.parametrize("label", ["mail.message", "identity.agent", "identity.address", "identity.apikey"])
def test_forms_answer_where_there_are_any(label: str) -> None:
    answer = client_of(superuser()).get(_url(label, "add"))
    assert answer.status_code == (403 if label == "mail.message" else 200)


def test_nobody_deletes_mail_by_hand() -> None:
    message = quarantined(known_agent())
    client = client_of(superuser())
    assert client.get(_url("mail.message", "delete", message.pk)).status_code == 403
    assert client.post(_url("mail.message", "change", message.pk), {"status": "processed"}).status_code == 403
    message.refresh_from_db()
    assert message.status == "quarantined"


@pytest.mark.parametrize("label", [*sorted(LISTS), ""])
def test_a_page_of_sixty_costs_no_more_queries_than_one_of_ten(label: str) -> None:
    client = client_of(superuser())
    url = _url(label) if label else reverse("admin:index")
    known = known_agent()
    client.get(url)  # content types and the like are looked up once a process
    many(known, 10)
    few = _queries(client, url)
    many(known, 50)
    for number in range(40):
        known_agent(f"agent{number}")
    assert _queries(client, url) <= few  # the audit asks once a table that its page names
    assert few < 20


def _queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_the_front_page_counts_what_came_and_shows_what_was_held_back() -> None:
    known = known_agent()
    quarantined(known)
    many(known, 3)
    page = client_of(superuser()).get(reverse("admin:index"))
    assert page.context["day"].total() == 4
    assert page.context["day"].total("quarantined") == 1
    assert [figure.label for figure in page.context["figures"]][:3] == ["Queue", "Oldest waiting", "Spool"]
    assert page.context["figures"][2].value == "4"
    assert known.address in page.text


def test_who_may_not_see_messages_sees_none_on_the_front_page() -> None:
    known = known_agent()
    quarantined(known)
    vera = viewer()
    vera.groups.clear()
    page = client_of(vera).get(reverse("admin:index"))
    assert page.status_code == 200
    assert known.address not in page.text


def test_pages_load_nothing_from_elsewhere_and_are_kept_nowhere() -> None:
    answer = client_of(superuser()).get(reverse("admin:index"))
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe-inline" not in answer["Content-Security-Policy"].split("script-src")[1].split(";")[0]
    assert "no-store" in answer["Cache-Control"]
    assert "Content-Security-Policy" not in Client(headers={"host": "127.0.0.1"}).get("/healthz").headers
