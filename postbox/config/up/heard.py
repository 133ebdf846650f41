"""Whether a part was heard of lately, for a container's health check: `python -m postbox.config.up.heard NAME`.

NAME is a worker, or `sweep` for beat. Exit status 0 if it was, 1 if not. Loads neither Django nor Celery: a health
check runs for ever.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psycopg

WITHIN_SECONDS = 90
_AT = {
    True: "SELECT extract(epoch FROM now() - waiting_since) FROM postbox.wakeups WHERE work = %s",
    False: "SELECT extract(epoch FROM now() - at) FROM postbox.heartbeats WHERE name = %s",
}


def main(name: str) -> int:
    """Ask the database and say what it knows."""
    try:
        with psycopg.connect(_database_url(), connect_timeout=5) as connection:
            row = connection.execute(_AT[name == "sweep"], [name]).fetchone()
    except (OSError, psycopg.Error) as error:
        sys.stderr.write(f"the database does not answer: {type(error).__name__}\n")
        return 1
    seconds = float(row[0]) if row and row[0] is not None else None
    sys.stdout.write("never heard of\n" if seconds is None else f"heard of {seconds:.0f} s ago\n")
    return 0 if seconds is not None and seconds < WITHIN_SECONDS else 1


def _database_url() -> str:
    if path := os.environ.get("DATABASE_URL_FILE"):
        return os.environ.get("DATABASE_URL") or Path(path).read_text(encoding="utf-8").strip()
    return os.environ.get("DATABASE_URL", "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) == 2 else ""))
