"""The embedded PostgreSQL and Valkey: real ones, killed and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from postbox.config.up.embedded import free_port
from postbox.config.up.home import Home
from postbox.config.up.place import can_pass, data_folder, programs, store_user
from postbox.config.up.postgres import Postgres
from postbox.config.up.process import die_with_parent
from postbox.config.up.supervisor import Supervisor
from postbox.config.up.valkey import Valkey
from tests.config.processes import alive, descendants, fresh_home, wait_for

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"), pytest.mark.timeout(180)]


@pytest.fixture
def home() -> Iterator[Home]:
    with fresh_home() as made:
        yield made


@contextlib.contextmanager
def running(home: Home, store: Postgres | Valkey) -> Iterator[Supervisor]:
    supervisor = Supervisor(home.logs, say=lambda text: None)
    try:
        store.make()
        supervisor.start(store.service())
        supervisor.wait_until(store.ready, "the store", 30)
        yield supervisor
    finally:
        supervisor.stop()


def postgres(home: Home) -> Postgres:
    user = store_user()
    return Postgres(data_folder(home, user), user, free_port(), "password", "superuser's", durable=False)


def valkey(home: Home) -> Valkey:
    user = store_user()
    return Valkey(data_folder(home, user), user, free_port(), "password")


def test_the_application_owns_its_database_and_is_no_superuser(home: Home) -> None:
    store = postgres(home)
    with running(home, store), psycopg.connect(store.url) as connection:
        version, superuser, name, encoding = connection.execute(
            "SELECT current_setting('server_version_num')::int, current_setting('is_superuser'),"
            " current_database(), current_setting('server_encoding')"
        ).fetchone() or ("", "", "", "")
        assert (version // 10000, superuser, name, encoding) == (18, "off", "postbox", "UTF8")
        connection.execute("CREATE SCHEMA postbox")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("COPY (SELECT 1) TO PROGRAM 'true'")


def test_a_wrong_password_is_refused_over_tcp_and_over_the_socket(home: Home) -> None:
    store = postgres(home)
    with running(home, store):
        wrong = store.url.replace(":password@", ":wrong@")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(f"host={store.folder} port={store.port} user=postgres password=wrong dbname=postbox")


def test_a_durable_server_keeps_what_it_has_committed(home: Home) -> None:
    """At a machine's stop, that is: what a test cannot do. So only that nothing is switched off."""
    user = store_user()
    store = Postgres(data_folder(home, user), user, free_port(), "password", "superuser's")
    with running(home, store), psycopg.connect(store.url) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",), setting


def test_postgres_is_started_again_with_its_data(home: Home) -> None:
    store = postgres(home)
    with running(home, store) as supervisor:
        with psycopg.connect(store.url) as connection:
            connection.execute("CREATE TABLE kept (id int)")
            connection.execute("INSERT INTO kept VALUES (1)")
        busy = psycopg.connect(store.url)  # its backend has to go before the next postmaster can start
        victim = supervisor.children["postgres"].pid
        backends = descendants(victim)
        os.kill(victim, signal.SIGKILL)
        assert wait_for(lambda: not alive(victim))
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(store.url, connect_timeout=1)
        supervisor.step(0.1)
        supervisor.wait_until(store.ready, "the store", 30)
        assert supervisor.children["postgres"].pid != victim
        assert not any(alive(pid) for pid in backends)
        busy.close()
        with psycopg.connect(store.url) as connection:
            assert connection.execute("SELECT id FROM kept").fetchone() == (1,)
        left = descendants(supervisor.children["postgres"].pid) | {supervisor.children["postgres"].pid}
    assert not any(alive(pid) for pid in left)


def test_making_a_database_that_was_cut_short_starts_over(home: Home) -> None:
    store = postgres(home)
    store.folder.mkdir()
    (store.folder / "data.new").mkdir()
    (store.folder / "data.new" / "PG_VERSION").write_text("18\n")
    with running(home, store), psycopg.connect(store.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_valkey_keeps_what_it_took_and_asks_for_a_password(home: Home) -> None:
    store = valkey(home)
    with running(home, store) as supervisor:
        client = redis.Redis.from_url(store.url)
        client.rpush("queue", "wake up")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=store.port).ping()
        victim = supervisor.children["valkey"].pid
        os.kill(victim, signal.SIGKILL)
        assert wait_for(lambda: not alive(victim))
        with pytest.raises(redis.ConnectionError):
            redis.Redis.from_url(store.url).ping()
        supervisor.step(0.1)
        supervisor.wait_until(store.ready, "the store", 30)
        client = redis.Redis.from_url(store.url)
        assert client.lrange("queue", 0, -1) == [b"wake up"]
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
        last = supervisor.children["valkey"].pid
    assert not alive(last)


def start_stores(home: Home) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    return subprocess.Popen(
        [sys.executable, "-m", "postbox.config.up.embedded", "--home", str(home.path), "--not-durable"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent(signal.SIGKILL, os.getpid()),
    )


def program(pid: int) -> str:
    """The name of the program that a process runs; a backend may end while we look."""
    try:
        return Path(f"/proc/{pid}/exe").readlink().name
    except FileNotFoundError:
        return ""


def test_nothing_outlives_a_supervisor_that_was_killed_and_the_next_one_starts(home: Home) -> None:
    first = start_stores(home)
    assert first.stdout is not None
    url = first.stdout.readline().strip().removeprefix("DATABASE_URL=")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
    below = descendants(first.pid)
    names = {program(pid) for pid in below}
    assert names - {""} == {"postgres", "valkey-server"}
    first.kill()
    first.wait()
    assert wait_for(lambda: not any(alive(pid) for pid in below))
    second = start_stores(home)
    try:
        assert second.stdout is not None
        url = second.stdout.readline().strip().removeprefix("DATABASE_URL=")
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT id FROM kept").fetchone() == (1,)
        below = descendants(second.pid)
    finally:
        second.terminate()
        assert second.wait(30) == 0
    assert not any(alive(pid) for pid in below)


def test_everything_killed_at_once_is_no_obstacle_to_the_next_start(home: Home) -> None:
    first = start_stores(home)
    assert first.stdout is not None
    assert first.stdout.readline().startswith("DATABASE_URL=postgresql://")
    everything = descendants(first.pid) | {first.pid}
    for pid in everything:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    first.wait()
    assert wait_for(lambda: not any(alive(pid) for pid in everything))
    second = start_stores(home)
    assert second.stdout is not None
    assert second.stdout.readline().startswith("DATABASE_URL=postgresql://")
    second.terminate()
    assert second.wait(30) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives the stores to another user")
def test_under_root_a_closed_folder_is_left_closed_and_the_data_goes_elsewhere(tmp_path: Path) -> None:
    user = store_user()
    assert user is not None
    assert user.uid != 0
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    home = Home(closed / "home")
    home.prepare()
    with fresh_home() as system:
        state = system.path / "state"
        assert not can_pass(home.path, user)
        folder = data_folder(home, user, state)
        assert folder.parent == state
        assert closed.stat().st_mode & 0o777 == 0o700
        assert data_folder(home, user, system.path / "unused") == folder
        source = closed / "package"
        (source / "bin").mkdir(parents=True)
        (source / "bin" / "server").write_text("#!/bin/sh\necho running\n")
        (source / "bin" / "server").chmod(0o700)
        run_from = programs(source, ("bin",), user, state)
        assert run_from.parent == state
        done = subprocess.run(
            [str(run_from / "bin" / "server")],
            user=user.uid,
            group=user.gid,
            cwd="/",
            capture_output=True,
            check=True,
        )
        assert done.stdout == b"running\n"
        assert programs(source, ("bin",), user, state) == run_from
