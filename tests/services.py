"""A real PostgreSQL and a real Valkey for one run of the tests.

They are started once, by the process that controls the run, in the background while tests are collected;
workers of pytest-xdist find them by the environment that they inherit. DATABASE_URL and BROKER_URL win where
they are set. fsync is off: no test stops the machine, and one that stops the server loses nothing by it. The
stores end with the run, whatever ends it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from postbox.config.up.embedded import Stores, free_port
from postbox.config.up.home import Home
from postbox.config.up.process import die_with_parent

SUPERUSER_URL = "POSTBOX_TEST_SUPERUSER_URL"
HOME = "POSTBOX_TEST_STORES"
READY_WITHIN = 60.0
BROKER_DATABASES = 64


@dataclass
class Running:
    """The stores of this run. `environment` is for the tests and what they start."""

    home: Home
    process: subprocess.Popen[bytes]
    environment: Mapping[str, str]

    def stop(self) -> None:
        """End the stores and remove what they wrote."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home.path, ignore_errors=True)


def start() -> Running:
    """Start what the environment does not name. Returns at once; `wait_until_ready` waits."""
    home = Home(Path(tempfile.mkdtemp(prefix="postbox-test-")))
    home.prepare()
    stores = Stores(home, postgres_port=free_port(), valkey_port=free_port(), durable=False)
    environment = {"DATABASE_URL": stores.database_url, "BROKER_URL": stores.broker_url}
    environment |= {HOME: str(home.path), "POSTBOX_HOME": str(home.path)}
    command = [sys.executable, "-m", "postbox.config.up.embedded", "--home", str(home.path), "--not-durable"]
    if stores.postgres:
        environment[SUPERUSER_URL] = stores.postgres.superuser_url
        command += ["--postgres-port", str(stores.postgres.port)]
    if stores.valkey:
        command += ["--valkey-port", str(stores.valkey.port)]
    with (home.path / "stores.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C is for the tests; they end us
            preexec_fn=die_with_parent(15, os.getpid()),
            cwd=Path(__file__).parent.parent,
        )
    return Running(home, process, environment)


def wait_until_ready() -> None:
    """Wait for the stores of this run, which any process of it may ask. Fails with their log."""
    if not (folder := os.environ.get(HOME)):
        return
    log = Path(folder) / "stores.log"
    deadline = time.monotonic() + READY_WITHIN
    while "BROKER_URL=" not in (text := log.read_text()):
        if time.monotonic() > deadline or "failed" in text:
            raise RuntimeError(f"The stores did not start: {text}")
        time.sleep(0.05)


def broker_of_worker(url: str, worker: str) -> str:
    """Another database of the broker for each xdist worker (`gw0`, `gw1`, …): queues are not shared."""
    address, _, number = url.rpartition("/")
    if not worker.startswith("gw") or not number.isdigit():
        return url
    return f"{address}/{(int(number) + 1 + int(worker[2:])) % BROKER_DATABASES}"
