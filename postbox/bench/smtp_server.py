"""Where the benchmark's mail is handed over when a real SMTP server takes it: aiosmtpd, in a process of its own.

Decides that it is as the library has it (every command parsed and checked, no PIPELINING offered) and that each mail is
a file before its 250. Its starter talks to it as to postbox.bench.smtp_sink. Run as ``python -m
postbox.bench.smtp_server``.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from postbox.bench.smtp_sink import Ledger, serve


class Stored:
    """Keeps each mail as a file of its own and notes it."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self._ledger = ledger
        self._folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        octets = envelope.original_content or b""
        (self._folder / f"{self._ledger.mails}.eml").write_bytes(octets)
        self._ledger.note(octets)
        return "250 2.0.0 taken"


def main() -> None:
    """Serve until stdin ends."""
    with tempfile.TemporaryDirectory(prefix="postbox-bench-mail-") as name:
        folder = Path(name)
        asyncio.run(serve(lambda ledger: SMTP(Stored(ledger, folder), hostname="sink", enable_SMTPUTF8=False)))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
