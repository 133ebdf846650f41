"""One child process: how it is started, watched and ended.

Decides that every child leads a process group of its own, dies with its parent and writes to a bounded log.
Never decides when a child is restarted or in which order children stop; that is the supervisor's.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

LOG_LIMIT = 10 * 1024 * 1024
LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15


@dataclass(frozen=True, slots=True)
class User:
    """The system user that a child runs as."""

    name: str
    uid: int
    gid: int


def _nothing() -> None:
    return


@dataclass(frozen=True, slots=True)
class Service:
    """What a child runs and how it is ended.

    `stop` holds (seconds after the stop began, signal) in order; whatever is left at `kill_after` seconds
    gets SIGKILL. `tier` orders the stop: the highest goes first. `sweep` runs before a start and after the
    end, for what the process group does not hold. An exit with `hopeless` is not answered by another start.
    With `target` the child is a fork that calls it, otherwise `argv` is run.
    """

    name: str
    argv: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    target: Callable[[], int] | None = None
    stop: tuple[tuple[float, signal.Signals], ...] = ((0.0, signal.SIGTERM),)
    kill_after: float = 5.0
    tier: int = 1
    death_signal: signal.Signals = signal.SIGKILL
    user: User | None = None
    cwd: Path | None = None
    sweep: Callable[[], None] = _nothing
    hopeless: int | None = None


def rotate(path: Path, limit: int = LOG_LIMIT) -> None:
    """Keep `path` under `limit` bytes, with one older file beside it. Its writer may be running.

    Copied and cut, not renamed: the child holds the file open, in append mode. What it writes between the
    copy and the cut is lost, which a log can bear.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return
    if size <= limit:
        return
    with path.open("rb") as source, Path(f"{path}.1").open("wb") as older:
        source.seek(max(0, size - limit))
        while block := source.read(1 << 20):
            older.write(block)
    os.truncate(path, 0)


@functools.cache
def _prctl() -> Callable[..., int]:
    """Linux's prctl. Looked up once, before any fork that uses it: loading in a fork of a threaded process may hang."""
    import ctypes

    function: Callable[..., int] = ctypes.CDLL(None).prctl
    return function


def set_name(name: str) -> None:
    """What `ps -o comm` and `top` show for this process, at most 15 characters of it (Linux; elsewhere nothing)."""
    if LINUX:
        _prctl()(PR_SET_NAME, name.encode(), 0, 0, 0)


def die_with_parent(death_signal: int, parent: int) -> Callable[[], None]:
    """A `preexec_fn` that has the kernel send `death_signal` to the child when `parent` ends (Linux).

    subprocess calls it after it has changed the user, which would reset the setting.
    """
    if not LINUX:
        return _nothing
    prctl = _prctl()

    def set_death_signal() -> None:
        prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died before the setting was made
            os._exit(1)

    return set_death_signal


def forks_die_with_us() -> None:
    """Have every later fork of this process, and theirs, be killed when the process that forked it ends (Linux).

    Set within the fork itself: granian's workers do not do it at all, Celery's only after some work, and a worker
    whose main process died in between would stay.
    """
    if not LINUX:
        return
    _prctl()
    forking = os.getpid()

    def note() -> None:
        nonlocal forking
        forking = os.getpid()

    os.register_at_fork(before=note, after_in_child=lambda: die_with_parent(signal.SIGKILL, forking)())


class Process(Protocol):
    """What `subprocess.Popen` and `Forked` have in common."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self) -> int: ...
    def send_signal(self, sig: int) -> None: ...


class Child:
    """A service that has been started. `started` is monotonic seconds."""

    def __init__(self, service: Service, log: Path) -> None:
        """Start it. OSError where its program cannot be run."""
        self.service = service
        self.log = log
        rotate(log)
        service.sweep()
        with log.open("ab") as output:
            self.process: Process = Forked(service, output) if service.target else popen(service, output)
        self.started = time.monotonic()

    @property
    def pid(self) -> int:
        return self.process.pid

    def poll(self) -> int | None:
        """The exit status (negative: the signal that ended it), None while it runs."""
        return self.process.poll()

    def signal(self, number: int) -> None:
        """Send a signal to the main process only, which tells its own children."""
        self.process.send_signal(number)

    def kill_group(self) -> None:
        """SIGKILL to all that is left of the process group, and reap the main process."""
        # PermissionError: macOS says so of a group of zombies.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        self.service.sweep()


def popen(service: Service, output: IO[bytes]) -> subprocess.Popen[bytes]:
    """The service as a program in a session of its own, with `output` for both streams."""
    user = service.user
    return subprocess.Popen(  # noqa: S603 (no input of others)
        service.argv,
        env=dict(service.env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=service.cwd,
        start_new_session=True,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
        preexec_fn=die_with_parent(service.death_signal, os.getpid()),  # safe: we have one thread
    )


class Forked:
    """The service as a fork of this process in a session of its own: what is loaded here is shared, not
    loaded again.
    """

    def __init__(self, service: Service, output: IO[bytes]) -> None:
        target = service.target
        assert target is not None  # noqa: S101
        set_death_signal = die_with_parent(service.death_signal, os.getpid())
        sys.stdout.flush()
        sys.stderr.flush()
        self._status: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                os.setsid()
                set_death_signal()
                set_name(service.name)
                _default_signals()
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115 (for our lifetime)
                sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115 (for our lifetime)
                os.environ.update(service.env)
                status = target()
            except SystemExit as ended:
                status = ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
            except BaseException:
                traceback.print_exc()
            finally:  # nothing of the parent may run in here
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)

    def poll(self) -> int | None:
        """As in Popen."""
        return self._reap(os.WNOHANG)

    def wait(self) -> int:
        """As in Popen."""
        while (status := self._reap(0)) is None:
            pass
        return status

    def send_signal(self, sig: int) -> None:
        """As in Popen: nothing where the process is known to have ended, so that no other gets the signal."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def _reap(self, options: int) -> int | None:
        if self._status is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status


def _default_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
