"""The benchmark's own processes: how each is started, told to go and asked for its result.

A child reads its task as one line of JSON, says ``ready`` once everything is loaded and connected, begins at the line
``go``, and ends with one line of JSON. So two of them begin together, and no start-up time is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import IO, Any, Self

from postbox.config.up.process import die_with_parent

ENDS_WITHIN = 10.0


class ChildFailed(Exception):
    """A process of the benchmark ended or said something unexpected."""


class Child:
    """``python -m MODULE`` with pipes both ways. Its errors go to our stderr."""

    def __init__(self, module: str, environment: Mapping[str, str] | None = None) -> None:
        self.module = module
        self.process = subprocess.Popen(  # noqa: S603 (no input of others)
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(environment) if environment is not None else None,
            start_new_session=True,  # a Ctrl-C is for us; we end them
            preexec_fn=die_with_parent(9, os.getpid()),
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def tell(self, line: str) -> None:
        """Write one line. Raises ChildFailed when the child is gone."""
        try:
            stream = _stream(self.process.stdin)
            stream.write(line.encode() + b"\n")
            stream.flush()
        except OSError as error:
            raise ChildFailed(f"{self.module} is gone: {error}") from error

    def hear(self) -> str:
        """Read one line. Raises ChildFailed when the child ends before it says one."""
        line = _stream(self.process.stdout).readline()
        if not line.endswith(b"\n"):
            raise ChildFailed(f"{self.module} ended early, with status {self.process.wait()}")
        return line.decode().rstrip("\n")

    def prepare(self, task: Mapping[str, Any]) -> None:
        """Hand over the task and wait until the child is ready for it."""
        self.tell(json.dumps(task))
        if (word := self.hear()) != "ready":
            raise ChildFailed(f"{self.module} said {word[:200]!r} in place of ready")

    def result(self) -> dict[str, Any]:
        """Wait for the result."""
        result: dict[str, Any] = json.loads(self.hear())
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _stream(self.process.stdin).close()
        try:
            self.process.wait(ENDS_WITHIN if kind is None else 0.2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        _stream(self.process.stdout).close()


def serve_task(prepare: Callable[[dict[str, Any]], Callable[[], dict[str, Any]]]) -> None:
    """The child's side: ``prepare(task)`` gives what to run at ``go``, whose result is printed."""
    run = prepare(json.loads(sys.stdin.readline()))
    print("ready", flush=True)  # noqa: T201
    if sys.stdin.readline().strip() != "go":
        return
    print(json.dumps(run()), flush=True)  # noqa: T201


def progress(text: str) -> None:
    """A word to whoever watches; stdout is for the result alone."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)  # noqa: T201


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 (both are pipes)
    return stream
