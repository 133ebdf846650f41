"""`postbox up` as its user has it: the whole system as its own processes, ended in every way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from postbox.config.up.command import answers
from postbox.config.up.home import Home
from tests.config.processes import alive, descendants, wait_for
from tests.e2e.system import home_for_system
from tests.stalls import seconds_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.timeout(240),
]
STOP_WITHIN = 15.0
SERVICES = {
    "postgres",
    "valkey-server",
    "services",
    "web",
    "lmtp",
    "worker-ingest",
    "worker-webhooks",
    "worker-rest",
    "beat",
}


class System:
    """One `postbox up` on a home of its own."""

    def __init__(self, home: Home) -> None:
        self.home = home
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("POSTBOX_", "DATABASE_", "BROKER_", "DJANGO_", "PYTEST_"))
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "postbox", "up", "--home", str(home.path), "--port", "0", "--no-sample"],
            env=environment,
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output: list[str] = []

    def wait_until_announced(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line)
            if line.startswith("Send it a mail"):
                return
        pytest.fail(f"postbox up ended: {''.join(self.output)}")

    @property
    def port(self) -> int:
        return int(json.loads(self.home.credentials.read_text())["url"].rpartition(":")[2])

    def ready(self) -> bool:
        return answers(self.port, "/readyz")

    def below(self) -> set[int]:
        return descendants(self.process.pid)

    def main_process(self, name: str) -> int | None:
        """The first process of that name; one that it forked itself has a higher number."""
        named = [pid for pid in self.below() if comm(pid) == name and alive(pid)]
        return min(named, default=None)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


@pytest.fixture
def system() -> Iterator[System]:
    with home_for_system() as home:
        made = System(home)
        try:
            made.wait_until_announced()
            yield made
        finally:
            below = made.below()
            made.end()
            assert wait_for(lambda: not any(alive(pid) for pid in below)), [comm(p) for p in below if alive(p)]


def test_up_survives_the_death_of_each_process_and_stops_in_time(system: System) -> None:
    assert system.ready()
    assert {comm(pid) for pid in system.below()} >= SERVICES
    assert system.home.credentials.stat().st_mode & 0o777 == 0o600
    second = subprocess.run(
        [sys.executable, "-m", "postbox", "up", "--home", str(system.home.path)], capture_output=True, text=True
    )
    assert second.returncode == 1
    assert f"pid {system.process.pid}, http://127.0.0.1:{system.port}" in second.stderr

    for name in sorted(SERVICES):
        victim = system.main_process(name)
        assert victim is not None, name
        os.kill(victim, signal.SIGKILL)
        assert wait_for(lambda pid=victim: not alive(pid)), name  # type: ignore[misc]
        # Another process of that name may have been there before: only a ready system counts.
        assert wait_for(lambda one=name: system.main_process(one) is not None, 60), name  # type: ignore[misc]
        assert wait_for(system.ready, 60), name
    assert wait_for(lambda: {comm(pid) for pid in system.below()} >= SERVICES, 30)

    below = system.below()
    for name in ("worker-ingest", "web", "postgres"):  # frozen processes handle no signal
        frozen = system.main_process(name)
        assert frozen is not None
        os.kill(frozen, signal.SIGSTOP)
    system.process.terminate()
    assert seconds_until(lambda: system.process.poll() is not None, STOP_WITHIN + 15) < STOP_WITHIN
    assert system.process.returncode == 0
    assert not any(alive(pid) for pid in below)
    assert system.process.stdout is not None
    assert system.process.stdout.read().endswith("postbox has stopped.\n")


def test_nothing_outlives_an_up_that_was_killed(system: System) -> None:
    below = system.below()
    assert {comm(pid) for pid in below} >= SERVICES
    system.process.kill()
    system.process.wait()
    assert wait_for(lambda: not any(alive(pid) for pid in below))
    again = System(system.home)
    try:
        again.wait_until_announced()
        assert again.ready()
        below = again.below()
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(STOP_WITHIN + 15) == 0
        assert not any(alive(pid) for pid in below)
    finally:
        again.end()


def test_nothing_outlives_a_fork_server_that_was_killed(system: System) -> None:
    """The services are its children, not ours."""
    victim = system.main_process("services")
    assert victim is not None
    below = descendants(victim)
    assert {comm(pid) for pid in below} >= {"web", "worker-ingest", "beat"}
    os.kill(victim, signal.SIGKILL)
    assert wait_for(lambda: not any(alive(pid) for pid in below))
    assert wait_for(lambda: not system.ready())
    assert wait_for(system.ready, 60)
