"""``/domain/…`` and ``postbox domain``, against a real DNS server on loopback."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from postbox.audit.models import AuditRecord
from postbox.identity.domain import claims
from postbox.identity.domain.checking import wanted
from postbox.identity.keys import find
from postbox.identity.models import Domain, DomainClaim, Owner
from tests.callers import Answer, call
from tests.nameserver import Nameserver, nameserver
from tests.people import Known, known_agent

pytestmark = pytest.mark.django_db

NAME = "agents.wren.example"


@pytest.fixture
def ns(settings: Settings) -> Iterator[Nameserver]:
    with nameserver() as made:
        settings.POSTBOX_DNS_SERVERS = (made.server,)
        settings.POSTBOX_MX_HOST, settings.POSTBOX_SPF_INCLUDE = "mx.postbox.example", ""
        yield made


@pytest.fixture
def robin() -> Known:
    return known_agent()


def ask(route: str, known: Known, **body: Any) -> Answer:
    return call(f"/domain/{route}", body, known.owner_key)


def publish(ns: Nameserver, name: str = NAME) -> None:
    for one in wanted(Domain.objects.get(name=name)):
        half = len(one.value) // 2
        text = f'"{one.value[:half]}" "{one.value[half:]}"' if one.type == "TXT" else f"{one.value}."
        ns.zone.setdefault((one.name, one.type), []).append(text)


def test_a_domain_is_put_published_and_checked(ns: Nameserver, robin: Known) -> None:
    put = ask("put", robin, domain="Agents.Wren.example", catch_all="robin")
    assert put.status == 200
    assert set(put.body) == {
        "domain",
        "held",
        "catch_all",
        "allow_root",
        "created_at",
        "checked_at",
        "verified_at",
        "records",
    }
    assert (put.body["domain"], put.body["catch_all"], put.body["allow_root"]) == (NAME, robin.address, False)
    assert [one["kind"] for one in put.body["records"]] == ["ownership", "mx", "spf", "dmarc", "dkim"]
    assert {one["state"] for one in put.body["records"]} == {"pending"}
    for one in put.body["records"]:
        assert set(one) == {"kind", "name", "type", "value", "state", "found", "advice"}
    publish(ns)
    ns.zone[NAME, "TXT"].append('"google-site-verification=abc"')
    checked = ask("check", robin, domain=NAME)
    assert checked.status == 200
    assert {one["state"] for one in checked.body["records"]} == {"ok"}
    assert checked.body["verified_at"] == checked.body["checked_at"]
    assert AuditRecord.objects.get(action="domain.verified").actor == find(robin.owner_key).actor  # type: ignore[union-attr]


def test_a_check_within_five_seconds_asks_nobody(ns: Nameserver, robin: Known) -> None:
    ask("put", robin, domain=NAME)
    ask("check", robin, domain=NAME)
    asked = len(ns.asked)
    again = ask("check", robin, domain=NAME)
    assert again.body["checked_at"]
    assert len(ns.asked) == asked > 0


def test_a_broken_name_server_is_unknown(ns: Nameserver, robin: Known) -> None:
    ask("put", robin, domain=NAME)
    ns.broken = {record.name for record in wanted(Domain.objects.get(name=NAME))}
    assert {one["state"] for one in ask("check", robin, domain=NAME).body["records"]} == {"unknown"}


def test_lists_go_by_name_and_page(robin: Known) -> None:
    names = [f"a{number}.wren.example" for number in range(5)]
    for name in reversed(names):
        ask("put", robin, domain=name)
    known_other = known_agent("wren", "Oscar")
    ask("put", known_other, domain="x.other.example")
    seen: list[str] = []
    token: dict[str, str] = {}
    for _ in range(4):
        page = ask("list", robin, limit=2, **token).body
        assert page["count"] == len(page["domains"]) <= 2
        seen += [one["domain"] for one in page["domains"]]
        if page["next_page_token"] is None:
            break
        token = {"page_token": page["next_page_token"]}
    assert seen == [*names, "agents.localhost"]
    assert [one["domain"] for one in ask("list", known_other).body["domains"]] == ["x.other.example"]


def test_what_is_anothers_is_not_there(robin: Known) -> None:
    other = known_agent("wren", "Oscar")
    ask("put", robin, domain=NAME)
    assert (ask("put", other, domain=NAME).status, ask("check", other, domain=NAME).status) == (403, 404)
    assert ask("put", other, domain="agents.localhost", catch_all="wren").body["code"] == "domain_shared"
    assert call("/domain/list", {}, robin.agent_key).status == 403
    assert call("/domain/list", {}).status == 401


@pytest.mark.parametrize(
    ("route", "body", "path"),
    [
        ("put", {}, "domain"),
        ("put", {"domain": "nodots"}, "domain"),
        ("put", {"domain": NAME, "catch_all": ""}, "catch_all"),
        ("put", {"domain": NAME, "catch_all": "nobody"}, "catch_all"),
        ("put", {"domain": NAME, "allow_root": "yes"}, "allow_root"),
        ("put", {"domain": NAME, "catchall": "robin"}, "catchall"),
        ("check", {"domain": "a..b"}, "domain"),
        ("list", {"limit": 101}, "limit"),
        ("list", {"page_token": "?"}, "page_token"),
    ],
)
def test_a_wrong_value_is_named(robin: Known, route: str, body: dict[str, Any], path: str) -> None:
    answer = ask(route, robin, **body)
    assert (answer.status, list(answer.wrong)) == (400, [path])


def command(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("domain", *arguments, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_command_adds_checks_and_lists(ns: Nameserver, robin: Known) -> None:
    status, said = command("add", NAME, "--catch-all", "robin")
    assert status == 0
    assert "v=spf1 mx -all" in said
    assert robin.address in said
    status, said = command("check", NAME)
    assert status == 1
    assert "missing" in said
    publish(ns)
    status, said = command("check", NAME, "--json")
    assert (status, json.loads(said)["domain"]) == (0, NAME)
    assert {one["state"] for one in json.loads(said)["records"]} == {"ok"}
    status, said = command("list")
    assert "ok" in next(line for line in said.splitlines() if line.startswith(NAME))
    assert {json.loads(line)["domain"] for line in command("list", "--json")[1].splitlines()} == {
        NAME,
        "agents.localhost",
    }
    assert command("add", NAME, "--catch-all", "none")[0] == 0
    assert Domain.objects.get(name=NAME).catch_all is None
    assert AuditRecord.objects.filter(action="domain.created", actor="operator:command-line").count() == 1


def test_the_command_claims_and_proves(ns: Nameserver, robin: Known) -> None:
    command("add", NAME)
    oscar = Owner.objects.create(name="Oscar")
    with pytest.raises(CommandError, match="--claim"):
        command("add", NAME, "--owner", "Oscar")
    _, said = command("add", NAME, "--owner", "Oscar", "--claim")
    assert "another owner holds it" in said
    record = claims.wanted(DomainClaim.objects.get())
    assert record.value in said
    assert '"held": false' in command("check", NAME, "--json")[1]
    ns.zone[record.name, "TXT"] = [f'"{record.value}"']
    assert command("check", NAME)[0] == 1  # the other records are still to be published
    held = Domain.objects.get(name=NAME)
    assert (held.owner, held.ownership_state) == (oscar, "ok")


def test_the_command_says_what_is_wrong(robin: Known) -> None:
    for arguments, said in (
        (["add", "wren.example", "--catch-all", "robin"], "--allow-root"),
        (["add", NAME, "--catch-all", "nobody"], "None of your agents"),
        (["add", "nodots"], "Not a domain name"),
        (["check", "no.such.example"], "no domain"),
        (["add", NAME, "--owner", "Nobody"], "Known: Olive"),
    ):
        with pytest.raises(CommandError, match=said):
            command(*arguments)
    Owner.objects.create(name="Oscar")
    with pytest.raises(CommandError, match="--owner"):
        command("add", NAME)
