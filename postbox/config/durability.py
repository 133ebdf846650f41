"""Whether this PostgreSQL keeps what it has said it keeps.

Decides nothing; it says loudly where a 202 would not survive a power cut.
"""

from __future__ import annotations

import logging

from django.db import connection

log = logging.getLogger(__name__)

_WANTED = {
    "fsync": "a power cut may lose or damage everything",
    "synchronous_commit": "the last mails before a crash may be lost although they were acknowledged",
    "full_page_writes": "a power cut in the middle of a write may damage a table",
}


def problems() -> list[str]:
    """What is switched off, and what that means."""
    found = []
    with connection.cursor() as cursor:
        for name, meaning in _WANTED.items():
            cursor.execute(f"SHOW {name}")
            if cursor.fetchone()[0] == "off":
                found.append(f"PostgreSQL runs with {name} off: {meaning}.")
    return found


def warn() -> None:
    """Log each problem as an error."""
    for problem in problems():
        log.error("not_durable", extra={"problem": problem})
