"""What a new system begins with, and what it refuses to begin on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from postbox.config.durability import problems
from postbox.config.up.command import preparation
from postbox.config.up.home import Home
from postbox.identity.keys import find, forget
from postbox.identity.models import AgentKey, ApiKey
from postbox.screening.models import Policy

pytestmark = pytest.mark.django_db


def bootstrap(home: Path) -> dict[str, str]:
    call_command("bootstrap", "--home", str(home), "--url", "http://127.0.0.1:8000")
    forget()
    credentials: dict[str, str] = json.loads((home / "credentials.json").read_text())
    return credentials


def test_it_writes_credentials_that_work_and_keeps_them(tmp_path: Path) -> None:
    first = bootstrap(tmp_path)
    assert list(first) == [
        "url", "admin_user", "admin_password", "bridge_key", "owner_key", "agent_id", "address", "agent_key",
        "database_url", "broker_url",
    ]  # fmt: skip
    assert (tmp_path / "credentials.json").stat().st_mode & 0o777 == 0o600
    for name, kind in (("bridge_key", "bridge"), ("owner_key", "owner"), ("agent_key", "agent")):
        holder = find(first[name])
        assert holder is not None
        assert holder.kind == kind
    admin = get_user_model().objects.get(username=first["admin_user"])
    assert admin.check_password(first["admin_password"])
    assert bootstrap(tmp_path) == first
    policy = Policy.objects.get()
    assert (policy.auth, policy.checks) == ("monitor", {"rate_sender_hour": 0, "rate_sender_day": 0})


def test_the_sample_mail_is_there_before_anybody_is_told_of_the_system() -> None:
    home = Home(Path("here"))
    assert [name for name, *_ in preparation(home, "http://127.0.0.1:1", True)] == ["migrate", "bootstrap", "samples"]
    assert [name for name, *_ in preparation(home, "http://127.0.0.1:1", False)] == ["migrate", "bootstrap"]


def test_keys_that_this_database_does_not_know_are_made_anew(tmp_path: Path) -> None:
    old = bootstrap(tmp_path)
    ApiKey.objects.all().delete()
    new = bootstrap(tmp_path)
    for name in ("bridge_key", "owner_key", "agent_key"):
        assert new[name] != old[name]
        assert find(new[name]) is not None


def test_a_database_of_another_home_is_left_alone(tmp_path: Path) -> None:
    first = bootstrap(tmp_path)
    AgentKey.objects.update(wrapped=b"\x01" + b"0" * 60)  # as wrapped by another home's master key
    forget()
    with pytest.raises(CommandError, match="belongs to another home"):
        bootstrap(tmp_path / "other")
    assert get_user_model().objects.get(username="admin").check_password(first["admin_password"])


def test_a_server_that_may_forget_is_named() -> None:
    from django.db import connection

    assert not any("synchronous_commit" in problem for problem in problems())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
    assert any("synchronous_commit off" in problem for problem in problems())
