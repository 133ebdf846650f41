"""The floor of sending: a bare smtplib loop, one connection a process, two processes, nothing of Postbox in it.

Decides nothing else. The mails are written before the time runs. Run as ``python -m postbox.bench.smtp_floor``.
"""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from typing import Any

from postbox.bench import letters
from postbox.bench.children import serve_task

PROCESSES = 2


def prepare(task: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Connect; what is returned hands over every second mail from ``first`` to ``end``."""
    mails = [(letters.address(n), letters.octets(n)) for n in range(task["first"], task["end"], PROCESSES)]
    server = smtplib.SMTP("127.0.0.1", task["port"], local_hostname="localhost", timeout=30)
    server.ehlo()
    return lambda: _run(server, mails)


def _run(server: smtplib.SMTP, mails: list[tuple[str, bytes]]) -> dict[str, Any]:
    for address, octets in mails:
        server.sendmail(letters.SENDER, [address], octets)
    server.quit()
    return {"mails": len(mails)}


if __name__ == "__main__":
    serve_task(prepare)
