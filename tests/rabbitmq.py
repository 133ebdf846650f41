"""A RabbitMQ of its own for tests, from the Debian package ``rabbitmq-server``: own folder and ports, on loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import amqp

from postbox.config.up.embedded import free_port
from postbox.config.up.process import die_with_parent

# The package's command in the path changes to a user of its own; the programs below it do not.
PROGRAMS = Path("/usr/lib/rabbitmq/bin")
READY_WITHIN = 150.0


def installed() -> bool:
    return (PROGRAMS / "rabbitmq-server").exists()


class RabbitMQ:
    """One node. It keeps its queues over ``kill`` and ``start``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            "disk_free_limit.absolute = 50MB\nvm_memory_high_watermark.absolute = 256MB\n"
        )
        (folder / "plugins").write_text("[].\n")
        self._environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(folder),  # where the cookie is
            "RABBITMQ_NODENAME": f"postbox-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none",
            "ERL_EPMD_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the node and wait until it takes connections."""
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [PROGRAMS / "rabbitmq-server"],
                env=self._environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM, os.getpid()),
            )
        until = time.monotonic() + READY_WITHIN
        while not self.answers():
            if time.monotonic() > until or self._process.poll() is not None:
                raise AssertionError((self.folder / "output").read_text()[-3000:])
            time.sleep(0.2)

    def answers(self) -> bool:
        """Whether a client can connect."""
        try:
            with amqp.Connection(f"127.0.0.1:{self.port}", connect_timeout=2, read_timeout=5):
                return True
        except (OSError, amqp.AMQPError):
            return False

    def count(self, queue: str) -> int:
        """How many messages a queue has ready."""
        with amqp.Connection(f"127.0.0.1:{self.port}") as connection:
            found: int = connection.channel().queue_declare(queue, passive=True).message_count
            return found

    def purge(self, queue: str) -> None:
        """Throw away what a queue has ready."""
        with amqp.Connection(f"127.0.0.1:{self.port}") as connection:
            connection.channel().queue_purge(queue)

    def kill(self) -> None:
        """End the node as a crash would."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End the node and what it started: its port mapper is a daemon of its own."""
        if self._process is not None:
            self.kill()
        for _ in range(50):  # it refuses for the moment in which it still knows the node
            ended = subprocess.run(["epmd", "-kill"], env=self._environment, capture_output=True, timeout=30)
            if b"Killed" in ended.stdout + ended.stderr:
                return
            time.sleep(0.1)


@contextlib.contextmanager
def running() -> Iterator[RabbitMQ]:
    """A node for one block."""
    folder = Path(tempfile.mkdtemp(prefix="postbox-rabbitmq-"))
    broker = RabbitMQ(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
        shutil.rmtree(folder, ignore_errors=True)
