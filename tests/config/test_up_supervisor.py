"""The supervisor: what it starts again, and that nothing outlives it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from postbox.config.up.process import Child, Service, rotate
from postbox.config.up.supervisor import DEATHS, Failed, Stopping, Supervisor
from tests.config.processes import alive, wait_for
from tests.stalls import thrice

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
SLEEP = ("sleep", "1000")
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(1000)"
)


def service(name: str, *argv: str, **more: object) -> Service:
    return Service(name=name, argv=argv, env=dict(os.environ), **more)  # type: ignore[arg-type]


def stubborn(name: str = "stubborn", **more: object) -> Service:
    return service(name, sys.executable, "-c", STUBBORN, **more)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path, say=lambda text: None)
    yield made
    made.stop()


def has_logged(supervisor: Supervisor, name: str, text: str) -> bool:
    log = supervisor.logs / f"{name}.log"
    return wait_for(lambda: log.exists() and text in log.read_text())


def run_until_it_fails(supervisor: Supervisor) -> None:
    for _ in range(1000):
        supervisor.step(0.05)


def test_a_child_that_was_killed_is_started_again(supervisor: Supervisor) -> None:
    child = supervisor.start(service("worker", *SLEEP))
    os.kill(child.pid, signal.SIGKILL)
    assert wait_for(lambda: not alive(child.pid))
    assert supervisor.children["worker"].pid == child.pid
    for _ in range(100):
        supervisor.step(0.05)
        if supervisor.children.get("worker", child) is not child:
            break
    again = supervisor.children["worker"]
    assert again.pid != child.pid
    assert alive(again.pid)


def test_what_a_dead_child_left_is_ended_before_the_next_start(supervisor: Supervisor) -> None:
    child = supervisor.start(service("parent", "sh", "-c", "sleep 1000 & echo $!; wait"))
    assert has_logged(supervisor, "parent", "\n")
    grandchild = int((supervisor.logs / "parent.log").read_text().split()[0])
    os.kill(child.pid, signal.SIGKILL)
    assert wait_for(lambda: not alive(child.pid))
    assert alive(grandchild)
    supervisor.step(0.05)
    assert wait_for(lambda: not alive(grandchild))


def test_a_child_that_keeps_failing_is_given_up_with_its_log(supervisor: Supervisor) -> None:
    supervisor.start(service("broken", "sh", "-c", "echo no such queue; exit 3"))
    with pytest.raises(Failed, match=rf"broken died {DEATHS} times.*broken\.log\n(no such queue\n?){{{DEATHS}}}"):
        run_until_it_fails(supervisor)
    assert (supervisor.logs / "broken.log").read_text().count("no such queue") == DEATHS


def test_a_child_that_is_killed_from_outside_is_never_given_up(supervisor: Supervisor) -> None:
    supervisor.start(service("worker", "sh", "-c", "echo once more; kill -9 $$"))
    deadline = time.monotonic() + 60
    log = supervisor.logs / "worker.log"
    while log.read_text().count("once more") <= DEATHS and time.monotonic() < deadline:
        supervisor.step(0.05)
    assert log.read_text().count("once more") == DEATHS + 1


def test_a_hopeless_child_is_given_up_at_once(supervisor: Supervisor) -> None:
    supervisor.start(service("services", "sh", "-c", "echo web has died too often; exit 70", hopeless=70))
    with pytest.raises(Failed, match="web has died too often"):
        run_until_it_fails(supervisor)


def test_a_child_that_ignores_sigterm_is_ended_in_time(supervisor: Supervisor) -> None:
    child = supervisor.start(stubborn(kill_after=1.0))
    assert has_logged(supervisor, "stubborn", "deaf")
    child.signal(signal.SIGTERM)
    time.sleep(0.2)
    assert alive(child.pid)
    began = time.monotonic()
    supervisor.stop()
    assert 0.9 < time.monotonic() - began < 4.5
    assert not alive(child.pid)
    assert child.poll() == -signal.SIGKILL


def test_tiers_stop_one_after_the_other_and_their_members_together(supervisor: Supervisor) -> None:
    store = supervisor.start(stubborn("store", kill_after=0.5, tier=0))
    names = ("one", "two", "three", "four", "five", "six")
    workers = [supervisor.start(stubborn(name, kill_after=1.0)) for name in names]
    assert all(has_logged(supervisor, name, "deaf") for name in ("store", *names))
    began = time.monotonic()
    supervisor.stop()
    assert 1.4 < time.monotonic() - began < 5.5  # 6.5 s one after the other
    assert not any(alive(child.pid) for child in (store, *workers))


@thrice
def test_stop_signals_come_in_their_order(supervisor: Supervisor) -> None:
    program = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('warm', flush=True))\n"
        "signal.signal(signal.SIGQUIT, lambda *_: sys.exit('cold'))\n"
        "print('up', flush=True)\n"
        "while True: time.sleep(0.1)\n"
    )
    stop = ((0.0, signal.SIGTERM), (0.4, signal.SIGQUIT))
    (supervisor.logs / "worker.log").unlink(missing_ok=True)
    supervisor.start(service("worker", sys.executable, "-c", program, stop=stop))
    assert has_logged(supervisor, "worker", "up")
    supervisor.stop()
    assert (supervisor.logs / "worker.log").read_text() == "up\nwarm\ncold\n"


def test_a_command_that_fails_says_why(supervisor: Supervisor) -> None:
    with pytest.raises(Failed, match=r"migrate failed \(2\).*\ncolumn is missing"):
        supervisor.run(service("migrate", "sh", "-c", "echo column is missing; exit 2"), 30)


@thrice
def test_a_command_that_takes_too_long_is_ended(supervisor: Supervisor) -> None:
    with pytest.raises(Failed, match="took over"):
        supervisor.run(service("migrate", "sh", "-c", "echo $$; exec sleep 1000"), 0.3)
    assert not alive(int((supervisor.logs / "migrate.log").read_text().split()[-1]))


def test_services_are_kept_running_while_a_command_runs(supervisor: Supervisor) -> None:
    child = supervisor.start(service("store", *SLEEP))
    os.kill(child.pid, signal.SIGKILL)
    assert wait_for(lambda: not alive(child.pid))
    for _ in range(3):  # the machine may stand still for all of a second
        supervisor.run(service("migrate", "sleep", "1"), 30)
        if alive(supervisor.children["store"].pid):
            break
    assert alive(supervisor.children["store"].pid)


def test_a_program_that_is_missing_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(Failed, match="worker cannot be started.*no-such-program"):
        supervisor.start(service("worker", "/no-such-program"))


def test_a_stop_interrupts_what_is_waited_for(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, stopping=lambda: True)
    with pytest.raises(Stopping):
        supervisor.wait_until(lambda: False, "nothing", 60)


def test_what_never_gets_ready_is_an_error(supervisor: Supervisor) -> None:
    with pytest.raises(Failed, match="the web server was not ready within 0 s"):
        supervisor.wait_until(lambda: False, "the web server", 0.2)


def exits_with(status: int) -> int:
    print(f"in {os.getpid()}", Path("/proc/self/comm").read_text(), end="")
    return status


def raises() -> int:
    raise ValueError("the schedule is wrong")


def sleeps() -> int:
    time.sleep(1000)
    return 0


def test_a_fork_has_a_session_a_log_and_a_status_of_its_own(tmp_path: Path) -> None:
    child = Child(Service(name="beat", target=partial(exits_with, 7)), tmp_path / "beat.log")
    assert wait_for(lambda: child.poll() is not None)
    assert child.poll() == 7
    assert f"in {child.pid} beat\n" in (tmp_path / "beat.log").read_text()


def test_a_fork_that_raises_ends_with_its_traceback_in_the_log(tmp_path: Path) -> None:
    child = Child(Service(name="beat", target=raises), tmp_path / "beat.log")
    assert wait_for(lambda: child.poll() is not None)
    assert child.poll() == 1
    assert "ValueError: the schedule is wrong" in (tmp_path / "beat.log").read_text()


def test_a_fork_ends_with_its_group(tmp_path: Path) -> None:
    child = Child(Service(name="beat", target=sleeps), tmp_path / "beat.log")
    assert wait_for(lambda: os.getpgid(child.pid) == child.pid)
    child.kill_group()
    assert child.poll() == -signal.SIGKILL
    assert not alive(child.pid)


def test_a_log_is_bounded_while_its_writer_runs(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("ab") as writer:
        writer.write(b"a" * 1500)
        writer.flush()
        rotate(log, limit=1000)
        assert log.stat().st_size == 0
        writer.write(b"b" * 10)
        writer.flush()
    assert log.read_bytes() == b"b" * 10
    assert (tmp_path / "web.log.1").read_bytes() == b"a" * 1000
    rotate(log, limit=1000)
    assert log.read_bytes() == b"b" * 10
