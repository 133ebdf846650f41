"""An Exim of the test's own, set up as docs/mail-servers.md says: in a temporary folder, gone with the block.

The program is ``exim4`` or what EXIM names: Debian's package cannot be installed beside Postfix.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from postbox.config.up.command import greets
from postbox.config.up.embedded import free_port
from tests.config.processes import wait_for

DOMAIN = "agents.localhost"
RECIPE = Path(__file__).parents[2] / "docs" / "mail-servers.md"
_MAIN = """
exim_path = {exim}
primary_hostname = mx.exim.example
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/pid
local_interfaces = <; [127.0.0.1]:{smtp}
keep_environment =
deliver_drop_privilege
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
message_size_limit = 25M
acl_smtp_rcpt = check_rcpt

begin acl
check_rcpt:
{acl}
  accept domains = {domain}
  deny

begin routers
{router}
begin transports
{transport}
begin retry
* * F,1h,1s
"""


class Exim:
    """A running Exim that hands the mail of our domain to an LMTP port."""

    def __init__(self, program: str, folder: Path, smtp: int) -> None:
        self.program, self.folder, self.smtp = program, folder, smtp

    def command(self, *arguments: str) -> str:
        """A command on this instance; gives what it printed."""
        argv = [self.program, "-C", str(self.folder / "exim.conf"), *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    def queue(self) -> str:
        """The mails that wait."""
        return self.command("-bp").strip()

    def log(self) -> str:
        """What it logged."""
        return "".join(path.read_text(errors="replace") for path in sorted((self.folder / "log").glob("*log")))


def found() -> str:
    """The program; empty where there is none."""
    return os.environ.get("EXIM") or shutil.which("exim4") or ""


def recipe(lmtp: int) -> dict[str, str]:
    """The blocks of the documentation, for our domain and port."""
    section = RECIPE.read_text().partition("### Exim\n")[2].partition("\n### ")[0]
    router, transport, acl = re.findall(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert "port = 8024" in transport
    blocks = {"router": router, "transport": transport.replace("8024", str(lmtp)), "acl": acl}
    return {name: block.replace("agents.example.org", DOMAIN) for name, block in blocks.items()}


@contextlib.contextmanager
def exim(lmtp: int) -> Iterator[Exim]:
    """An Exim for one block, with nothing left of it afterwards."""
    with tempfile.TemporaryDirectory(prefix="postbox-exim-") as name:
        folder, smtp = Path(name), free_port()
        folder.chmod(0o755)
        for part in ("spool", "log"):
            (folder / part).mkdir()
            (folder / part).chmod(0o777)  # its own user writes there
        text = _MAIN.format(exim=found(), folder=folder, smtp=smtp, domain=DOMAIN, **recipe(lmtp))
        (folder / "exim.conf").write_text(text)
        made = Exim(found(), folder, smtp)
        argv = [made.program, "-C", str(folder / "exim.conf"), "-bdf", "-q1s"]
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen(argv, stdout=said, stderr=said, start_new_session=True)
        try:
            assert wait_for(lambda: greets(smtp), 30), (folder / "said").read_text() + made.log()
            yield made
        finally:
            process.terminate()
            process.wait(20)
