"""The home folder: its lock, its secrets and what it tells a second shell."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path

import pytest

from postbox import cli
from postbox.config.up.home import INTERNAL, SETTABLE, Home, HomeError, Locked


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in (*SETTABLE, "POSTBOX_HOME", "DATABASE_URL", "BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    made = Home(tmp_path / "home")
    made.prepare()
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_second_holder_is_told_who_holds_it(home: Home) -> None:
    with home.locked():
        home.note("pid 4711, http://127.0.0.1:8000")
        assert home.running()
        with pytest.raises(Locked, match="pid 4711, http://127.0.0.1:8000"), Home(home.path).locked():
            pass
    assert not home.running()
    with home.locked():
        pass


def test_secrets_are_made_once_and_for_the_owner_only(home: Home) -> None:
    made = home.secrets()
    assert set(made) == {*SETTABLE, *INTERNAL}
    assert mode(home.path / "secrets.json") == 0o600
    assert mode(home.logs) == 0o700
    assert len(base64.b64decode(made["POSTBOX_MASTER_KEYS"], validate=True)) == 32
    assert len({*made.values()}) == len(made)
    assert min(len(value) for value in made.values()) >= 43
    assert Home(home.path).secrets() == made
    assert Home(home.path.with_name("other")).path != home.path


def test_two_homes_have_different_secrets(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    other.prepare()
    assert not {*home.secrets().values()} & {*other.secrets().values()}


def test_lost_secrets_are_not_replaced_where_there_is_data(home: Home) -> None:
    (home.path / "postgres").mkdir()
    with pytest.raises(HomeError, match="missing"):
        home.secrets()
    assert not (home.path / "secrets.json").exists()


def test_damaged_secrets_are_kept(home: Home) -> None:
    (home.path / "secrets.json").write_text("{")
    with pytest.raises(HomeError, match="damaged"):
        home.secrets()
    assert (home.path / "secrets.json").read_text() == "{"


def test_a_set_variable_wins_and_is_not_stored(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTBOX_SECRET_KEY", "the operator's own")
    monkeypatch.setenv("POSTBOX_BOUNCE_SECRET", "")
    monkeypatch.setenv("POSTBOX_MASTER_KEYS_FILE", "/run/secrets/keys")
    environment = home.environment({"BROKER_URL": "redis://127.0.0.1/0"})
    assert environment["POSTBOX_SECRET_KEY"] == "the operator's own"
    assert environment["POSTBOX_BOUNCE_SECRET"] == home.secrets()["POSTBOX_BOUNCE_SECRET"]
    assert "POSTBOX_MASTER_KEYS" not in environment
    assert environment["BROKER_URL"] == "redis://127.0.0.1/0"
    assert environment["POSTBOX_HOME"] == str(home.path)
    assert "the operator's own" not in (home.path / "secrets.json").read_text()


def test_a_second_shell_finds_the_running_system(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.publish({"DATABASE_URL": "postgresql://a@127.0.0.1/b", "POSTBOX_SECRET_KEY": "from the home"})
    assert mode(home.path / "environment.json") == 0o600
    monkeypatch.setenv("POSTBOX_HOME", str(home.path))
    monkeypatch.setenv("POSTBOX_SECRET_KEY", "from the shell")
    cli.join_running_system()
    assert os.environ["DATABASE_URL"] == "postgresql://a@127.0.0.1/b"
    assert os.environ["POSTBOX_SECRET_KEY"] == "from the shell"


def test_a_shell_with_its_own_database_gets_no_secret_of_the_home(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.publish({"DATABASE_URL": "postgresql://a@127.0.0.1/b", "POSTBOX_SECRET_KEY": "from the home"})
    monkeypatch.setenv("POSTBOX_HOME", str(home.path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://another@127.0.0.1/c")
    cli.join_running_system()
    assert "POSTBOX_SECRET_KEY" not in os.environ


@pytest.mark.parametrize("content", ["", "[]", "{", "null", json.dumps("text")])
def test_what_is_no_environment_is_none(home: Home, content: str) -> None:
    (home.path / "environment.json").write_text(content)
    assert home.published() == {}


def test_the_option_wins_over_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("POSTBOX_HOME", str(tmp_path / "variable"))
    assert Home.chosen(str(tmp_path / "option")).path == tmp_path / "option"
    assert Home.chosen().path == tmp_path / "variable"
    monkeypatch.delenv("POSTBOX_HOME")
    monkeypatch.chdir(tmp_path)
    assert Home.chosen().path == tmp_path / ".postbox"
