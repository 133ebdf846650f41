"""A Postfix of the test's own: its configuration, queue and port in a temporary folder, gone with the block."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from postbox.config.up.embedded import free_port
from tests.config.processes import wait_for

DOMAIN = "agents.localhost"
_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log/maillog
maillog_file_prefixes = {folder}/log
myhostname = mx.postfix.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
biff = no
smtputf8_enable = yes
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_client_connection_rate_limit = 0
relay_domains =
virtual_mailbox_domains = {domain}
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
lmtp_send_xforward_command = yes
transport_maps = regexp:{folder}/etc/transport
smtp_tls_security_level = encrypt
default_transport = error:nothing leaves this machine
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
bounce_queue_lifetime = 60s
"""
_MASTER = """
127.0.0.1:{smtp} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
showq unix n - n - - showq
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
smtp unix - - n - - smtp
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """A running Postfix that hands the mail of our domain to an LMTP port, and what is tagged ``+smtp`` to an SMTP
    port.
    """

    def __init__(self, folder: Path, smtp: int) -> None:
        self.folder = folder
        self.smtp = smtp

    def command(self, name: str, *arguments: str) -> str:
        """A command of Postfix's own on this instance; gives what it printed."""
        argv = [name, "-c", str(self.folder / "etc"), *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    def queue(self) -> str:
        """The mails that wait, one JSON object a line."""
        return self.command("postqueue", "-j")

    def log(self) -> str:
        """What it logged."""
        path = self.folder / "log" / "maillog"
        return path.read_text(errors="replace") if path.exists() else ""

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.smtp), 1) as probe:
            return probe.recv(4) == b"220 "
        return False

    def master(self) -> int:
        """The process that all the others are children of."""
        return int((self.folder / "spool" / "pid" / "master.pid").read_text())


def missing() -> str:
    """Why there can be no Postfix here; empty where there can."""
    if not shutil.which("postfix"):
        return "postfix is not installed (Debian: apt-get install postfix)"
    return "" if os.geteuid() == 0 else "postfix starts as root only"


@contextlib.contextmanager
def postfix(lmtp: int, smtp: int = 0) -> Iterator[Postfix]:
    """A Postfix for one block, with nothing left of it afterwards."""
    with tempfile.TemporaryDirectory(prefix="postbox-postfix-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # its own user has to pass
        for part in ("etc", "spool", "data", "log"):
            (folder / part).mkdir()
        shutil.chown(folder / "data", "postfix")
        made = Postfix(folder, free_port())
        (folder / "etc/main.cf").write_text(_MAIN.format(folder=folder, domain=DOMAIN, lmtp=lmtp))
        (folder / "etc/transport").write_text(f"/\\+smtp@/ smtp:[127.0.0.1]:{smtp}\n" if smtp else "")
        (folder / "etc/master.cf").write_text(_MASTER.format(smtp=made.smtp))
        said = made.command("postfix", "start")
        try:
            assert wait_for(made.answers, 30), said + made.log()
            yield made
        finally:
            made.command("postfix", "stop")
            made.command("postfix", "abort")  # which does nothing once it has stopped
