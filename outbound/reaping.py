"""What retention deletes of sent mail, with its messages and by itself."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import connection

# Each by an index that begins with the message's id; recipients stand on the message's row.
_TABLES = ("outbound_recipients", "outbound_messages")


def of_messages(ids: Sequence[uuid.UUID]) -> int:
    """Delete what these messages have here, in the transaction that deletes them."""
    deleted = 0
    with connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(f"DELETE FROM {table} WHERE message_id = ANY(%s)", [list(ids)])  # noqa: S608
            deleted += cursor.rowcount
    return deleted
