"""The whole system as its user starts it, with what tests need to feed it, look into it and hurt it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psycopg
import redis

from postbox.config.up.home import Home
from tests import services
from tests.config.processes import alive, descendants, fresh_home

REPOSITORY = Path(__file__).parents[2]
READY_WITHIN = 120.0


class System:
    """A running ``postbox up`` with a home of its own."""

    def __init__(self, home: Home, **environment: str) -> None:
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("POSTBOX_", "DATABASE_", "BROKER_", "DJANGO_", "PYTEST_"))
        }
        # The tests' own name server, so that no mail waits for the system's.
        own = {"POSTBOX_WEBHOOK_ALLOW_LOOPBACK": "1", "POSTBOX_DNS_SERVERS": os.environ["POSTBOX_DNS_SERVERS"]}
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-m", "postbox", "up", "--home", str(home.path), "--port", "0", "--no-sample"],
            env=clean | own | environment,
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._wait_until_announced()
        self.credentials: dict[str, str] = json.loads(home.credentials.read_text())
        self.url = self.credentials["url"]

    def _wait_until_announced(self) -> None:
        assert self.process.stdout is not None
        said = []
        for line in self.process.stdout:
            said.append(line)
            if line.startswith("Send it a mail"):
                return
        raise AssertionError(f"postbox up ended: {''.join(said)}")

    def stop(self) -> float:
        """End it as Ctrl-C does; gives the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=30)
        finally:
            if self.process.poll() is None:
                self.process.kill()
        return time.monotonic() - began

    # --- feeding it ------------------------------------------------------------------------------------------

    def call(self, path: str, body: object = None, key: str = "agent_key") -> tuple[int, Any]:
        """A JSON request with one of the sample keys: status and answer."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.credentials[key]}"}
        return self._request(path, json.dumps(body or {}).encode(), headers)

    def ingest(self, raw: bytes, to: str = "") -> tuple[int, Any]:
        """Hand a raw mail in as a bridge does. Status 0 when nobody answered."""
        headers = {
            "Content-Type": "message/rfc822",
            "x-agentpack-key": self.credentials["bridge_key"],
            "x-postbox-mail-from": "ann@mercer-bikes.example",
            "x-postbox-rcpt-to": to or self.credentials["address"],
        }
        return self._request("/ingest", raw, headers)

    def _request(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        request = urllib.request.Request(f"{self.url}{path}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")
        except OSError:
            return 0, {}

    # --- looking into it -------------------------------------------------------------------------------------

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the system's own database."""
        with psycopg.connect(self.credentials["database_url"], options="-c search_path=postbox") as connection:
            return connection.execute(sql, values).fetchall()

    @contextlib.contextmanager
    def locked(self, table: str) -> Iterator[None]:
        """Whoever writes to that table waits meanwhile; who reads it does not."""
        with psycopg.connect(self.credentials["database_url"], options="-c search_path=postbox") as connection:
            connection.execute(f"LOCK TABLE {table} IN SHARE MODE")
            yield

    def count(self, condition: str = "true") -> int:
        """How many messages there are of which ``condition`` holds."""
        return int(self.query(f"SELECT count(*) FROM messages WHERE {condition}")[0][0])

    def broker(self, seconds: float = 15.0) -> redis.Redis:
        """The system's own broker."""
        url = self.credentials["broker_url"]
        return redis.Redis.from_url(url, socket_timeout=seconds, socket_connect_timeout=seconds)

    def pids(self, name: str) -> set[int]:
        """The living processes of one name, e.g. ``worker-ingest``, ``postgres``, ``valkey-server``."""
        return {pid for pid in descendants(self.process.pid) if _comm(pid) == name and alive(pid)}

    def main_pid(self, name: str) -> int:
        """The first process of that name, of which the others are children."""
        return min(self.pids(name))

    def signal(self, name: str, number: signal.Signals) -> set[int]:
        """Send a signal to every process of one name; gives their ids."""
        pids = self.pids(name)
        assert pids, f"no {name} runs"
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return pids


def _comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


@contextlib.contextmanager
def home_for_system() -> Iterator[Home]:
    """A home as a system leaves it that was started once and took no mail, where the run is one of many tests.

    That first start takes as long as ten others' tests. It is made once for all processes of the run and copied.
    """
    shared = os.environ.get(services.HOME)
    if not shared or "PYTEST_XDIST_WORKER" not in os.environ:
        with fresh_home() as home:
            yield home
        return
    template = Home(Path(shared) / "system")
    with (Path(shared) / "system.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.path.exists():
            template.prepare()
            System(template).stop()
    with fresh_home() as home:
        subprocess.run(["cp", "-a", f"{template.path}/.", home.path], check=True)
        yield home


@contextlib.contextmanager
def running(
    home_of: Callable[[], AbstractContextManager[Home]] = home_for_system, /, **environment: str
) -> Iterator[System]:
    """A system for one block, stopped at its end. Its first start, unless many systems are started, was another's."""
    with home_of() as home:
        system = System(home, **environment)
        try:
            yield system
        finally:
            system.stop()


def eventually(check: Callable[[], object], seconds: float) -> bool:
    """Whether the check comes true within that time; what it raises while things are down counts as no."""
    until = time.monotonic() + seconds
    while True:
        with contextlib.suppress(psycopg.Error, OSError, redis.RedisError):
            if check():
                return True
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
