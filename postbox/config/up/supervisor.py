"""Keeps children running, and ends them all in a bounded time.

Decides when a child that died is started again, when it has died too often, and in which order and how fast
children stop. Never looks into what a child does.
"""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from postbox.config.up.console import say
from postbox.config.up.process import Child, Service, rotate

DEATHS = 5
WINDOW = 30.0
FIRST_DELAY = 0.2
LONGEST_DELAY = 5.0
LOG_CHECK_EVERY = 30.0
TICK = 0.05


class Stopping(Exception):
    """Somebody asked for the stop while something else was being waited for."""


class Failed(Exception):
    """A child keeps dying, did not get ready, or a command failed. The text is for the operator."""


class Supervisor:
    """A set of services, started in the order in which they come and stopped by tier.

    `wait(seconds)` returns early when something may have happened; `stopping()` says whether to give up
    waiting.
    """

    def __init__(
        self,
        logs: Path,
        *,
        wait: Callable[[float], None] = time.sleep,
        stopping: Callable[[], bool] = lambda: False,
        say: Callable[[str], None] = say,
    ) -> None:
        self.logs = logs
        self.children: dict[str, Child] = {}
        self._wait = wait
        self._stopping = stopping
        self._say = say
        self._deaths: dict[str, deque[float]] = {}
        self._due: dict[str, tuple[float, Service]] = {}
        self._logs_checked = time.monotonic()

    def start(self, service: Service) -> Child:
        """Start a service that is kept running from now on."""
        try:
            child = Child(service, self.logs / f"{service.name}.log")
        except OSError as error:
            raise Failed(f"{service.name} cannot be started: {error}") from error
        self.children[service.name] = child
        return child

    def step(self, timeout: float = 1.0) -> None:
        """Wait up to `timeout` seconds, then start again what has died. Failed when one dies too often."""
        if self._due:
            timeout = min(timeout, max(0.0, min(due for due, _ in self._due.values()) - time.monotonic()))
        self._wait(timeout)
        if self._stopping():
            raise Stopping
        for child in list(self.children.values()):
            status = child.poll()
            if status is not None:
                self._died(child, status)
        self._restart_due()
        self._bound_logs()

    def run(self, service: Service, timeout: float) -> None:
        """Run a command to its end, with everything else kept running. Failed where it fails or takes too
        long.
        """
        child = Child(service, self.logs / f"{service.name}.log")
        deadline = time.monotonic() + timeout
        try:
            while (status := child.poll()) is None:
                if time.monotonic() > deadline:
                    raise Failed(f"{service.name} took over {timeout:.0f} s: see {child.log}")
                self.step(TICK)
        finally:
            child.kill_group()
        if status:
            raise Failed(f"{service.name} failed ({status}): see {child.log}\n{tail(child.log)}")

    def wait_until(self, ready: Callable[[], bool], what: str, timeout: float) -> None:
        """Keep everything running until `ready()`. Failed after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not ready():
            if time.monotonic() > deadline:
                raise Failed(f"{what} was not ready within {timeout:.0f} s: see {self.logs}")
            self.step(TICK)

    def stop(self) -> None:
        """End every child. The highest tier goes first; a tier takes at most its longest `kill_after`."""
        self._due.clear()
        for tier in sorted({child.service.tier for child in self.children.values()}, reverse=True):
            names = [name for name, child in self.children.items() if child.service.tier == tier]
            end_all([self.children.pop(name) for name in reversed(names)])

    def _died(self, child: Child, status: int) -> None:
        name = child.service.name
        child.kill_group()
        del self.children[name]
        now = time.monotonic()
        deaths = self._deaths.setdefault(name, deque())
        deaths.append(now)
        while deaths[0] < now - WINDOW:
            deaths.popleft()
        if status == child.service.hopeless:
            raise Failed(f"{name} gave up:\n{tail(child.log, lines=10)}")
        # SIGKILL comes from outside (the kernel short of memory, an operator, a fault test): worth another
        # try each time.
        if len(deaths) >= DEATHS and status != -signal.SIGKILL:
            raise Failed(f"{name} died {DEATHS} times in {WINDOW:.0f} s: see {child.log}\n{tail(child.log)}")
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** (len(deaths) - 1))
        self._due[name] = (now + delay, child.service)
        self._say(f"{name} ended ({ended_by(status)}); starting it again in {delay:.1f} s")

    def _restart_due(self) -> None:
        now = time.monotonic()
        for name, (due, service) in list(self._due.items()):
            if due <= now:
                del self._due[name]
                self.start(service)

    def _bound_logs(self) -> None:
        now = time.monotonic()
        if now - self._logs_checked < LOG_CHECK_EVERY:
            return
        self._logs_checked = now
        for child in self.children.values():
            rotate(child.log)


def end_all(children: Iterable[Child]) -> None:
    """Stop these together: each gets its signals at its times, then SIGKILL for the whole group."""
    began = time.monotonic()
    left = {child: deque(child.service.stop) for child in children}
    while left:
        elapsed = time.monotonic() - began
        for child, signals in list(left.items()):
            if child.poll() is not None or elapsed >= child.service.kill_after:
                child.kill_group()
                del left[child]
            elif signals and elapsed >= signals[0][0]:
                child.signal(signals.popleft()[1])
        if left:
            time.sleep(TICK)


def ended_by(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"exit {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 4096))
            return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-lines:])
    except OSError:
        return ""
