"""API keys: hashed, shown once, of one kind, revocable, expiring, with their last use."""

from __future__ import annotations

import hashlib
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from postbox.audit.models import AuditRecord
from postbox.identity import keys
from postbox.identity.models import ApiKey, KeyKind, Owner
from postbox.lib import clock
from tests.callers import ERROR, call, send
from tests.people import Known, bridge_key, known_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def robin() -> Known:
    return known_agent()


def row_of(key: str) -> ApiKey:
    return ApiKey.objects.get(digest=hashlib.sha256(key.encode()).digest())


def test_no_table_holds_a_key(robin: Known) -> None:
    with connection.cursor() as cursor:
        for table in ("api_keys", "audit_records", "agents", "owners"):
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t")
            told = cursor.fetchone()[0]
            for key in (robin.agent_key, robin.owner_key):
                assert key not in told
                assert key.encode().hex() not in told
    assert row_of(robin.agent_key).hint == robin.agent_key[:14]
    assert len(robin.agent_key) > 14 + 32  # what is hinted at leaves 192 random bits and more untold


def test_the_hint_tells_four_characters_of_the_secret_at_most() -> None:
    for kind in KeyKind:
        owner = Owner.objects.get_or_create(name="Olive")[0]
        agent = known_agent().agent if kind == KeyKind.AGENT else None
        key = keys.issue(kind, owner=None if agent else owner, agent=agent, actor="test")
        assert row_of(key).hint == key[: len(f"pbx_{kind.value}_") + 4]


@pytest.mark.parametrize("key", ["", "pbx_agent_wrong", "x" * 4000, "\u00e9", "pbx_agent_" + "A" * 43, "a b"])
@pytest.mark.parametrize("path", ["/list", "/mark_read", "/alloc"])
def test_a_key_that_is_none_is_answered_401(path: str, key: str) -> None:
    answer = send(path, b"{}", "application/json", HTTP_AUTHORIZATION=f"Bearer {key}")
    assert (answer.status, answer.body["code"]) == (401, "unauthenticated")
    assert set(answer.body) == ERROR
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_without_a_key_a_body_is_not_even_read() -> None:
    for path in ("/list", "/mark_read", "/alloc", "/ingest"):
        assert send(path, b"{not json", "application/json").status == 401


def test_each_route_takes_its_own_kind_of_key(robin: Known) -> None:
    bridge = bridge_key()
    for path, wrong in [("/list", robin.owner_key), ("/mark_read", bridge), ("/alloc", robin.agent_key)]:
        answer = call(path, {}, wrong)
        assert (answer.status, answer.body["code"]) == (403, "forbidden")
    for wrong in (robin.owner_key, robin.agent_key):
        assert call("/ingest", {}, bridge=wrong).status == 403
    assert call("/ingest", {}, bridge).status == 401  # a bridge's key as a bearer is no bridge's key
    assert call("/list", {}, bridge=robin.agent_key).status == 401


def test_the_scheme_is_read_without_regard_to_case(robin: Known) -> None:
    for shown in (f"bearer {robin.agent_key}", f"BEARER   {robin.agent_key} "):
        assert send("/list", b"{}", "application/json", HTTP_AUTHORIZATION=shown).status == 200
    assert send("/list", b"{}", "application/json", HTTP_AUTHORIZATION=f"Basic {robin.agent_key}").status == 401


def test_a_revoked_key_ends_at_once_and_is_audited(robin: Known) -> None:
    assert call("/list", {}, robin.agent_key).status == 200
    row = row_of(robin.agent_key)
    keys.revoke(row, actor="test")
    keys.revoke(row, actor="test")
    assert call("/list", {}, robin.agent_key).status == 401
    assert AuditRecord.objects.filter(action="key.revoked", subject=str(row.id)).count() == 1


def test_a_process_that_did_not_hear_of_it_takes_a_revoked_key_for_a_second_at_most(
    robin: Known, kept_clock: list[float]
) -> None:
    assert call("/list", {}, robin.agent_key).status == 200
    ApiKey.objects.filter(pk=row_of(robin.agent_key).pk).update(revoked_at=clock.now())  # as another process does
    kept_clock[0] += 0.999
    assert call("/list", {}, robin.agent_key).status == 200
    kept_clock[0] += 0.002
    assert call("/list", {}, robin.agent_key).status == 401


def test_a_key_expires(robin: Known) -> None:
    end = clock.now() + timedelta(days=1)
    key = keys.issue(KeyKind.AGENT, agent=robin.agent, expires_at=end, actor="test")
    assert call("/list", {}, key).status == 200
    keys.forget()
    with clock.frozen(end):
        assert call("/list", {}, key).status == 401


def test_the_last_use_is_noted_once_a_minute(robin: Known) -> None:
    start = clock.now()
    with clock.frozen(start):
        call("/list", {}, robin.agent_key)
    assert row_of(robin.agent_key).last_used_at == start
    for seconds, noted in [(59, start), (61, start + timedelta(seconds=61))]:
        keys.forget()
        with clock.frozen(start + timedelta(seconds=seconds)):
            call("/list", {}, robin.agent_key)
        assert row_of(robin.agent_key).last_used_at == noted


def test_a_key_that_is_in_use_costs_no_query(robin: Known, kept_clock: list[float]) -> None:
    keys.find(robin.agent_key)
    with CaptureQueriesContext(connection) as queries:
        assert keys.find(robin.agent_key) is not None
    assert len(queries) == 0
    with CaptureQueriesContext(connection) as queries:
        assert keys.find("pbx_agent_unknown") is None
    assert len(queries) == 1


@pytest.mark.parametrize("kind", ["agent", "owner"])
def test_the_table_refuses_a_key_without_its_holder(kind: str) -> None:
    with pytest.raises(IntegrityError, match="api_keys_holder"), transaction.atomic():
        ApiKey.objects.create(kind=kind, hint="x", digest=b"d" * 32)


def command(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("key", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_command_issues_lists_and_revokes(robin: Known) -> None:
    out, told = command("issue", "agent", "--agent", "robin", "--name", "laptop", "--days", "2")
    key = out.strip()
    assert "only time" in told
    assert call("/list", {}, key).status == 200
    row = row_of(key)
    assert row.expires_at is not None
    assert timedelta(days=1, hours=23) < row.expires_at - clock.now() <= timedelta(days=2)
    shown = command("list")[0]
    (line,) = [line for line in shown.splitlines() if str(row.id) in line]
    assert "Olive/robin" in line
    assert "live" in line
    assert "laptop" in line
    assert key not in shown
    assert "revoked" in command("revoke", str(row.id))[0]
    assert "already" in command("revoke", str(row.id))[0]
    assert call("/list", {}, key).status == 401
    assert str(row.id) not in command("list")[0]
    assert str(row.id) in command("list", "--all")[0]
    issued = AuditRecord.objects.get(action="key.issued", subject=str(row.id))
    assert issued.actor == "operator:command-line"


def test_the_command_makes_a_key_of_each_kind(robin: Known) -> None:
    assert call("/ingest", {}, bridge=command("issue", "bridge")[0].strip()).status == 400
    assert call("/alloc", {}, command("issue", "owner", "--owner", "Olive")[0].strip()).status == 400


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["issue", "owner"], "--owner"),
        (["issue", "owner", "--owner", "Nobody"], "Known: Olive"),
        (["issue", "agent"], "--agent"),
        (["issue", "agent", "--agent", "nobody"], "no agent"),
        (["issue", "agent", "--agent", "robin"], "More than one owner"),
        (["issue", "bridge", "--days", "0"], "--days"),
        (["revoke", "nonsense"], "key list"),
        (["revoke", "00000000-0000-7000-8000-000000000000"], "key list"),
    ],
)
def test_the_command_says_what_is_wrong(robin: Known, arguments: list[Any], says: str) -> None:
    known_agent("robin", "Oscar")
    with pytest.raises(CommandError, match=says):
        command(*arguments)


def test_an_agents_key_of_the_named_owner(robin: Known) -> None:
    other = known_agent("robin", "Oscar")
    key = command("issue", "agent", "--agent", "robin", "--owner", "Oscar")[0].strip()
    holder = keys.find(key)
    assert holder is not None
    assert (holder.agent_id, holder.owner_id) == (other.agent.id, other.owner.id)
