"""Deleting messages with everything of theirs in this package's tables.

Decides the order: what refers to a message goes before it, its key with it. It never decides which messages go, and
leaves their blobs to the caller.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import connection

# Each by an index that begins with the message's id.
TABLES = ("verdicts", "attachments", "message_contents", "mail_spool", "message_keys")


def delete(ids: Sequence[uuid.UUID]) -> int:
    """Delete these messages in the caller's transaction, which holds their rows. Returns how many there were."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table} WHERE message_id = ANY(%s)", [list(ids)])  # noqa: S608
        cursor.execute("DELETE FROM messages WHERE id = ANY(%s)", [list(ids)])
        deleted: int = cursor.rowcount
    return deleted
