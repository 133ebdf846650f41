"""How the database plans the statements of a worker.

Decides that a worker's connection prefers indexes. Its statements are prepared once and their plans kept; one that was
planned while the tables were nearly empty would go on reading whole tables as they grow, until statistics are gathered.
"""

from __future__ import annotations

import threading
from typing import Any

from django.db import connection

_seen = threading.local()


def prefer_indexes() -> None:
    """Say so to this thread's connection, once for each that is opened."""
    connection.ensure_connection()
    opened: Any = connection.connection
    if getattr(_seen, "connection", None) is not opened:
        with connection.cursor() as cursor:
            cursor.execute("SET enable_seqscan = off")
        _seen.connection = opened
