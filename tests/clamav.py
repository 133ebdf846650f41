"""ClamAV's daemon with a signature of our own, from the Debian package ``clamav-daemon``: own folder, on loopback."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from postbox.config.up.embedded import free_port
from postbox.config.up.process import die_with_parent

READY_WITHIN = 60.0
NAME = "Postbox.Test.Eicar"


def eicar() -> bytes:
    """The test file that every scanner takes for a virus (eicar.org), put together so that none takes this for it."""
    return b"".join([b"X5O!P%@AP[4\\PZX54(P^)", b"7CC)7}$EICAR-", b"STANDARD-ANTI", b"VIRUS-TEST-FILE!$H+H*"])


def installed() -> bool:
    return _program() is not None


def _program() -> str | None:
    return shutil.which("clamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")


class Clamd:
    """One daemon; ``target`` is what POSTBOX_CLAMD says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.target = f"tcp 127.0.0.1:{self.port}"
        signatures = folder / "signatures"
        signatures.mkdir()
        virus = eicar()
        digest = hashlib.md5(virus).hexdigest()  # noqa: S324
        (signatures / "own.hdb").write_text(f"{digest}:{len(virus)}:{NAME}\n")
        (signatures / "own.ndb").write_text(f"{NAME}.Body:0:*:{virus.hex()}\n")
        (folder / "clamd.conf").write_text(
            f"DatabaseDirectory {signatures}\nTCPSocket {self.port}\nTCPAddr 127.0.0.1\nForeground yes\n"
            f"LogFile {folder}/log\nTemporaryDirectory {folder}\nStreamMaxLength 1M\nMaxThreads 2\n"
            f"User {pwd.getpwuid(os.getuid()).pw_name}\nConcurrentDatabaseReload no\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the daemon and wait until it answers."""
        command = [str(_program()), f"--config-file={self.folder}/clamd.conf", "--foreground"]
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdout=output,
                stderr=output,
                preexec_fn=die_with_parent(signal.SIGTERM, os.getpid()),
                start_new_session=True,
            )
        until = time.monotonic() + READY_WITHIN
        while not self._answers():
            said = (self.folder / "output").read_text("utf-8", "replace")[-2000:]
            assert self._process.poll() is None, f"clamd ended: {said}"
            assert time.monotonic() < until, f"clamd does not answer: {said}"
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as sock:
                sock.sendall(b"zPING\0")
                return sock.recv(16) == b"PONG\0"
        except OSError:
            return False


@contextlib.contextmanager
def running() -> Iterator[Clamd]:
    """A started daemon that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="postbox-clamd-"))
    daemon = Clamd(folder)
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.stop()
        shutil.rmtree(folder, ignore_errors=True)
