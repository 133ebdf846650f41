"""A whole Postbox of the benchmark's own: `postbox up` in a temporary home, its keys, its processes.

Decides how the system is started, asked and stopped; what is measured on it is postbox.bench.phases. It never touches
a system that runs already: addresses and secrets of the environment are left out.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import psycopg

from postbox.bench import processes
from postbox.config.up.process import die_with_parent

READY = "Postbox is running"
READY_WITHIN = 180.0
STOPS_WITHIN = 20.0
_OURS = re.compile(r"POSTBOX_(?!TEST_)|DATABASE_URL|BROKER_URL|DJANGO_|HOST$|PORT$")


class SystemFailed(Exception):
    """The system did not start, or answered what it must not."""


def environment() -> dict[str, str]:
    """Our environment without anything that points to another Postbox."""
    return {name: value for name, value in os.environ.items() if not _OURS.match(name)}


class Stores:
    """The embedded PostgreSQL and Valkey alone, durable as under `up`: what the floor needs when it runs by itself."""

    module: tuple[str, ...] = ("postbox.config.up.embedded",)
    options: tuple[str, ...] = ()
    ready = "BROKER_URL="

    def __init__(self, **settings: str) -> None:
        """``settings`` are put into the environment of the system."""
        self._settings = settings
        self.home = Path(tempfile.mkdtemp(prefix="postbox-bench-"))
        self.lines: list[str] = []

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", *self.module, "--home", str(self.home), *self.options]
        self._process = subprocess.Popen(  # noqa: S603 (no input of others)
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=environment() | {"POSTBOX_WEBHOOK_ALLOW_LOOPBACK": "1"} | self._settings,
            bufsize=0,  # lines that wait in a buffer of ours would not wake select
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM, os.getpid()),
        )
        try:
            self._wait()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    @property
    def pid(self) -> int:
        """The supervisor's."""
        return self._process.pid

    @property
    def database_url(self) -> str:
        return next(line for line in self.lines if line.startswith("DATABASE_URL=")).partition("=")[2]

    def kinds(self, **others: int) -> dict[int, str]:
        """Every process of the system by kind, and others by the kind that the caller names."""
        return processes.tree(self.pid) | {pid: kind for kind, pid in others.items()}

    def durability(self) -> dict[str, str]:
        """The settings that say whether a COMMIT is on disk."""
        with psycopg.connect(self.database_url) as connection:
            names = ("server_version", "fsync", "synchronous_commit", "full_page_writes")
            return {name: str(_single(connection, f"SHOW {name}")) for name in names}

    def _wait(self) -> None:
        assert self._process.stdout is not None  # noqa: S101
        deadline, said = time.monotonic() + READY_WITHIN, b""
        while not any(line.startswith(self.ready) for line in self.lines):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise SystemFailed(f"{self.module[-1]} was not ready within {READY_WITHIN:.0f} s")
            octets = self._process.stdout.read(4096)
            if not octets:
                raise SystemFailed(f"{self.module[-1]} ended with status {self._process.wait()}")
            said += octets
            self.lines = said.decode("utf-8", "replace").split("\n")[:-1]  # whole lines alone

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        shutil.rmtree(self.home, ignore_errors=True)


class System(Stores):
    """All of it, with an agent and an address and no mail."""

    module = ("postbox", "up")
    options = ("--port", "0", "--no-sample")
    ready = READY

    @property
    def credentials(self) -> dict[str, str]:
        credentials: dict[str, str] = json.loads((self.home / "credentials.json").read_text())
        return credentials

    @property
    def database_url(self) -> str:
        return str(self.credentials["database_url"])

    @property
    def port(self) -> int:
        return urlsplit(self.credentials["url"]).port or 80

    @property
    def lmtp_port(self) -> int:
        """Of the LMTP door."""
        return int(json.loads((self.home / "environment.json").read_text())["POSTBOX_LMTP_PORT"])

    def register_webhook(self, port: int) -> str:
        """Have events posted to a port of 127.0.0.1; gives the secret that they are signed with."""
        answer = self._post("/webhook/register", {"url": f"http://127.0.0.1:{port}/hook"})
        return str(answer["secret"])

    def agent_key(self, name: str) -> str:
        """Make an agent of the owner; gives its key."""
        return str(self._post("/alloc", {"agent_id": name}, key="owner_key")["agent_key"])

    def spool_rows(self) -> int:
        """Mails whose raw form has not moved to the bucket yet."""
        with psycopg.connect(self.database_url) as connection:
            return int(_single(connection, "SELECT count(*) FROM postbox.mail_spool"))

    def child_environment(self) -> dict[str, str]:
        """What a process needs to work on this system's data: its addresses and secrets."""
        published: dict[str, str] = json.loads((self.home / "environment.json").read_text())
        return environment() | published | self._settings | {"DJANGO_SETTINGS_MODULE": "postbox.config.settings"}

    def _post(self, path: str, body: dict[str, Any], key: str = "agent_key") -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.credentials[key]}"}
        try:
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status not in (200, 201):
            raise SystemFailed(f"{path} answered {answer.status}: {text[:300].decode('utf-8', 'replace')}")
        given: dict[str, Any] = json.loads(text)
        return given


def _single(connection: psycopg.Connection, statement: str) -> Any:
    row = connection.execute(statement).fetchone()
    return row[0] if row else None
