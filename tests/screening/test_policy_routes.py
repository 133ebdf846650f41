"""``/policy/put`` and ``/policy/list``, through the real application."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from postbox.audit.models import AuditRecord
from postbox.identity.models import Address, Domain, Owner
from postbox.screening.entries import entry
from postbox.screening.policy import policies_of
from tests.people import Known, known_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def robin() -> Known:
    return known_agent()


def call(robin: Known, body: object, path: str = "/policy/put", key: str = "") -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {key or robin.owner_key}"}
    answer = Client().post(path, body, content_type="application/json", headers=headers)
    return answer.status_code, answer.json()


def test_a_policy_is_put_listed_and_holds(robin: Known) -> None:
    body = {"address": robin.address.upper(), "auth": "enforce", "mode": "allowlist", "allow": ["Wren.Example"]}
    status, policy = call(robin, body | {"block": ["Eve@evil.example"], "strangers": "hold"})
    assert status == 200, policy
    assert {name: policy[name] for name in ("address", "domain", "agent_id", "auth", "mode", "strangers")} == {
        "address": robin.address, "domain": None, "agent_id": None,
        "auth": "enforce", "mode": "allowlist", "strangers": "hold",
    }  # fmt: skip
    assert (policy["allow"], policy["block"], policy["checks"]) == (["wren.example"], ["eve@evil.example"], {})
    assert call(robin, {}, "/policy/list")[1] == {"count": 1, "next_page_token": None, "policies": [policy]}
    address = Address.objects.get(address=robin.address)
    found = policies_of([address.id])[address.id]
    assert (found.auth, found.mode, set(found.allow)) == ("enforce", "allowlist", {"wren.example"})


def test_what_is_left_out_stays_and_null_is_the_level_above(robin: Known) -> None:
    _, first = call(robin, {"agent_id": "robin", "auth": "enforce", "mode": "open", "allow": ["wren.example"]})
    _, second = call(robin, {"agent_id": "robin", "auth": None, "block": ["evil.example"]})
    assert second["id"] == first["id"]
    assert (second["auth"], second["mode"], second["allow"], second["block"]) == (
        None, "open", ["wren.example"], ["evil.example"],
    )  # fmt: skip
    assert [row.action for row in AuditRecord.objects.filter(subject=first["id"]).order_by("id")] == [
        "policy.made", "policy.changed",
    ]  # fmt: skip


def test_four_levels_widest_first(robin: Known) -> None:
    Domain.objects.create(owner=robin.owner, name="wren.example")
    for body in ({"address": robin.address}, {"agent_id": "robin"}, {"domain": "Wren.example"}, {}):
        assert call(robin, body | {"auth": "monitor", "mode": "open"})[0] == 200
    rows = call(robin, {}, "/policy/list")[1]["policies"]
    assert [(row["domain"], row["agent_id"], row["address"]) for row in rows] == [
        (None, None, None), ("wren.example", None, None), (None, "robin", None), (None, None, robin.address),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["address", "domain", "agent_id"])
def test_others_have_no_say(robin: Known, name: str) -> None:
    other = known_agent("wren", "Otto")
    Domain.objects.create(owner=Owner.objects.get(name="Otto"), name="otto.example")
    of = {"address": other.address, "domain": "otto.example", "agent_id": "wren"}
    status, error = call(robin, {name: of[name], "auth": "monitor", "mode": "open"})
    assert (status, error["code"]) == (404, "not_found")
    assert call(robin, {name: "nobody@nowhere.example", "auth": "monitor"})[0] == 404
    assert call(robin, {}, key=robin.agent_key)[0] == 403


@pytest.mark.parametrize(
    ("body", "path", "said"),
    [
        ({"auth": "strict"}, "auth", "strict"),
        ({"mode": ""}, "mode", "not a valid choice"),
        ({"allow": ["not a domain"]}, "allow", "neither an address nor a domain"),
        ({"allow": "wren.example"}, "allow", ""),
        ({"block": ["a@b@c"]}, "block", "neither"),
        ({"block": ["wren"]}, "block", "neither"),
        ({"checks": {"colour": "red"}}, "checks.colour", "is no setting of a check"),
        ({"colour": "red"}, "colour", ""),
        ({"address": "a@b.example", "domain": "b.example"}, "", "Send one of"),
    ],
)
def test_what_is_wrong_is_named(robin: Known, body: dict[str, Any], path: str, said: str) -> None:
    status, error = call(robin, body)
    assert (status, error["code"]) == (400, "invalid")
    assert error["errors"][0]["path"] == path
    assert said in error["errors"][0]["message"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Ann@Wren.EXAMPLE", "ann@wren.example"),
        ("wren.example.", "wren.example"),
        ("*.Wren.example", "*.wren.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("o'neil+x@wren.example", "o'neil+x@wren.example"),
    ],
)
def test_entries_as_they_are_kept(text: str, kept: str) -> None:
    assert entry(text) == kept


@pytest.mark.parametrize(
    "text", ["", "*", "*.com.", "a b@c.example", "@wren.example", "x*.wren.example", "a@*.b.example"]
)
def test_what_is_no_entry(text: str) -> None:
    with pytest.raises(ValueError, match="is n"):
        entry(text)
