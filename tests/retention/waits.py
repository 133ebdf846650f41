"""What statements wait for while the reaper works, as the server itself says: apart from how busy the machine is.

A connection of its own looks every few milliseconds at which backends have been busy with one statement for long, and
at what they wait: a lock, the disk, each other's WAL, or nothing (then they run, or wait for a core).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection

EVERY_SECONDS = 0.005
LONG_MS = 50.0
# The longest that anybody has been waiting for a heavyweight lock by now: exact, since the server notes the start. Also
# those of no database: who waits for a row waits for a transaction's end.
_LOCKS = "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - waitstart)), 0)::float8 * 1000 FROM pg_locks"
_BUSY = """
SELECT pid, query_start, coalesce(wait_event_type || ':' || wait_event, 'running'), left(ltrim(query, E' \\n'), 40),
       extract(epoch FROM clock_timestamp() - query_start)::float8 * 1000
FROM pg_stat_activity
WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND datname = current_database()
  AND clock_timestamp() - query_start > %s * interval '1 ms'
"""


def without_a_core(*tasks: str) -> float:
    """For how many seconds these tasks (of /proc) have been ready to run while every core was busy with others.

    Nothing where the system does not say, or no longer knows the task.
    """
    total = 0.0
    for task in tasks:
        with suppress(OSError, IndexError, ValueError):
            total += int(Path(f"/proc/{task}/schedstat").read_text().split()[1]) / 1e9
    return total


class Waits(threading.Thread):
    """Looks until it is told to end; then ``figures`` are what was seen.

    ``longest_look_ms`` is the longest from one look to the next but for the time in which it had no core. A look waits
    for no lock, so that where it took long, the machine stood still, and what others waited then says nothing.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        to = connection.settings_dict
        self._to = {"host": to["HOST"], "port": to["PORT"], "user": to["USER"], "password": to["PASSWORD"]}
        self._to |= {"dbname": to["NAME"], "application_name": "waits"}
        self.ended = threading.Event()
        self.looks = 0
        self.longest_lock_ms = 0.0
        self.longest_look_ms = 0.0
        self.seen: Counter[tuple[str, str]] = Counter()
        self.longest: dict[Any, tuple[float, str]] = {}

    def run(self) -> None:
        with psycopg.connect(**self._to, autocommit=True) as own:
            tasks = ("thread-self", str(own.info.backend_pid))
            since, idle = time.perf_counter(), without_a_core(*tasks)
            while not self.ended.wait(EVERY_SECONDS):
                self.looks += 1
                waited = own.execute(_LOCKS).fetchone()
                self.longest_lock_ms = max(self.longest_lock_ms, waited[0] if waited else 0.0)
                for pid, began, event, query, ms in own.execute(_BUSY, [LONG_MS]).fetchall():
                    self.seen[event, query] += 1
                    self.longest[pid, began] = (ms, query)
                now, idle_now = time.perf_counter(), without_a_core(*tasks)
                self.longest_look_ms = max(self.longest_look_ms, (now - since - (idle_now - idle)) * 1000)
                since, idle = now, idle_now

    def stop(self) -> None:
        self.ended.set()
        self.join(30)

    def figures(self) -> dict[str, Any]:
        """Milliseconds; ``long`` counts looks that found a statement busy for over LONG_MS, by what it did then."""
        longest = sorted(self.longest.values(), reverse=True)
        return {
            "looks": self.looks,
            "longest_lock_ms": round(self.longest_lock_ms, 1),
            "longest_look_ms": round(self.longest_look_ms, 1),
            "long_statements": len(longest),
            "longest_statements": [(round(ms, 1), query) for ms, query in longest[:8]],
            "long": [(event, query, count) for (event, query), count in self.seen.most_common(12)],
        }
