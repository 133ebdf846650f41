"""The home folder of one running system: its lock, its secrets and what a second shell needs to find it.

Decides where secrets come from (a set environment variable, else what was made at the first start) and that
everything here is for its owner only. Never talks to a service.

Files: `secrets.json` (made once, never rewritten), `environment.json` (written at each start), `lock`,
`prepared` (there from the moment of a start at which the database is as it has to be), `logs/`.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

DEFAULT = ".postbox"
SETTABLE = ("POSTBOX_SECRET_KEY", "POSTBOX_MASTER_KEYS", "POSTBOX_BOUNCE_SECRET")
POINTER = "data-folder"  # names the folder of the stores where that is not the home itself
INTERNAL = ("postgres_password", "postgres_superuser_password", "valkey_password")


class HomeError(Exception):
    """The home cannot be used. The text says why and what to do."""


class Locked(HomeError):
    """Another `postbox up` holds the home."""


class Home:
    """A home folder. Nothing is read or written before `prepare`."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.logs = self.path / "logs"
        self.credentials = self.path / "credentials.json"
        self.prepared = self.path / "prepared"
        self._secrets = self.path / "secrets.json"
        self._environment = self.path / "environment.json"
        self._lock = self.path / "lock"

    @classmethod
    def chosen(cls, option: str | None = None) -> Home:
        """The home of `--home`, else of POSTBOX_HOME, else `.postbox` here."""
        return cls(Path(option or os.environ.get("POSTBOX_HOME") or DEFAULT))

    def prepare(self) -> None:
        """Make the folder, for its owner only. Under root others may pass through it, as PostgreSQL runs as
        another user.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
            self.logs.mkdir(exist_ok=True)
            self.logs.chmod(0o700)
        except OSError as error:
            raise HomeError(f"The home folder {self.path} cannot be used: {error}") from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home. Locked where another process does, with its pid and address; freed by the kernel if
        we die.
        """
        with self._lock.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise Locked(f"already running in {self.path}: {file.read().strip()}") from None
            self.note(f"pid {os.getpid()}, starting")
            yield
            self.note("")

    def note(self, text: str) -> None:
        """What a second `up` is told about the holder of the lock."""
        self._lock.write_text(text)

    def running(self) -> bool:
        """Whether some process holds the home."""
        try:
            with self._lock.open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def secrets(self) -> dict[str, str]:
        """All secrets, made at the first call and kept from then on. HomeError if they are gone but data is
        there.
        """
        try:
            found: dict[str, str] = json.loads(self._secrets.read_text())
        except FileNotFoundError:
            if (self.path / "postgres").exists() or (self.path / POINTER).exists():
                raise HomeError(
                    f"{self._secrets} is missing, and without it the mail in {self.path} cannot be read. "
                    "Put the file back, or use another --home."
                ) from None
            found = new_secrets()
            write_private(self._secrets, found)
        except ValueError as error:
            raise HomeError(f"{self._secrets} is damaged ({error}). Put a good copy back.") from error
        return found

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """What every child gets on top of our own environment, POSTBOX_HOME among it.

        A variable that is set and not empty wins, and so does its NAME_FILE form, which the settings read
        themselves.
        """
        made = self.secrets()
        values = {name: made[name] for name in SETTABLE if not os.environ.get(f"{name}_FILE")} | dict(extra)
        chosen = {name: os.environ.get(name) or value for name, value in values.items()}
        return chosen | {"POSTBOX_HOME": str(self.path)}

    def publish(self, environment: Mapping[str, str]) -> None:
        """Keep the environment for commands typed in another shell."""
        write_private(self._environment, dict(environment))

    def published(self) -> dict[str, str]:
        """The environment of the running or the last `up`; empty where there was none."""
        try:
            values = json.loads(self._environment.read_text())
        except (OSError, ValueError):
            return {}
        return {str(name): str(value) for name, value in values.items()} if isinstance(values, dict) else {}


def new_secrets() -> dict[str, str]:
    """Fresh secrets of 256 random bits: master keys are base64 of 32 bytes, the rest is URL-safe text.

    By os.urandom, which the module `secrets` wraps: that one would load OpenSSL into the supervisor.
    """
    made = {name: base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=") for name in (*SETTABLE, *INTERNAL)}
    made["POSTBOX_MASTER_KEYS"] = base64.b64encode(os.urandom(32)).decode()
    return made


def write_private(path: Path, values: Mapping[str, str]) -> None:
    """Replace a JSON file in one step, readable by its owner only, on disk before this returns."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(values, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
