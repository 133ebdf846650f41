"""Old mail in any number: rows made by the database itself, with everything that the pipeline leaves of a mail."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection

from postbox.ingest.bucket import MARKER
from postbox.mail import blobs
from postbox.mail.models import Message
from webhooks.models import Endpoint

# UUIDv7 (RFC 9562, section 5.7): a mail a millisecond from `at` on.
_MESSAGES = """
INSERT INTO messages (id, direction, status, agent_id, mail_from, rcpt_to, header_from, helo, size, digest, received_at,
                      not_before, attempts, quarantined, spf, dkim, dmarc, body_ref)
SELECT (lpad(to_hex(%(ms)s::bigint + n), 12, '0') || '7' || substr(md5(n::text || %(agent)s::text), 1, 3) || '8'
        || substr(md5(n::text || %(agent)s::text), 4, 15))::uuid,
       'inbound', %(status)s::text, %(agent)s::uuid, '', %(at)s::text || n, '', '', 3000,
       sha256((%(at)s::text || n)::bytea), to_timestamp((%(ms)s::bigint + n) / 1000.0), now(), 0, false,
       'none', 'none', 'none', ''
FROM generate_series(0, %(count)s::int - 1) n
"""
_SINCE = """
FROM messages m WHERE m.agent_id = %(agent)s AND NOT EXISTS (SELECT 1 FROM message_keys k WHERE k.message_id = m.id)
"""
_REST = (
    f"INSERT INTO mail_spool (message_id, body, not_before) SELECT m.id, repeat('x', 3000)::bytea, now() {_SINCE}",
    f"INSERT INTO message_contents (message_id, body) SELECT m.id, repeat('x', 2000)::bytea {_SINCE}",
    "INSERT INTO verdicts (message_id, position, step, outcome, code) SELECT m.id, p, 'distil', 'pass', 'fine' "
    f"FROM generate_series(0, 3) p, messages m WHERE m.id IN (SELECT m.id {_SINCE})",
    "INSERT INTO attachments (id, message_id, position, content_type, size) "
    f"SELECT gen_random_uuid(), m.id, 0, 'image/png', 10 {_SINCE} AND get_byte(m.digest, 0) < 64",
    "INSERT INTO events (id, kind, agent_id, message_id, created_at, body) "
    f"SELECT gen_random_uuid(), 'message.received', m.agent_id, m.id, m.received_at, repeat('x', 2000)::bytea {_SINCE}",
    "INSERT INTO webhook_deliveries (endpoint_id, event_id, state, sequence, created_at, last_error, attempts, "
    "not_before) SELECT %(endpoint)s, e.id, 'delivered', 1, e.created_at, '', 1, e.created_at FROM events e "
    f"WHERE e.message_id IN (SELECT m.id {_SINCE})",
    "INSERT INTO webhook_attempts (delivery_id, number, at, duration_ms, status, error) "
    "SELECT d.id, 1, d.created_at, 5, 200, '' FROM webhook_deliveries d JOIN events e ON e.id = d.event_id "
    f"WHERE e.message_id IN (SELECT m.id {_SINCE})",
    f"INSERT INTO message_keys (message_id, wrapped) SELECT m.id, 'k' {_SINCE}",
)


def crowd(agent: Any, count: int, at: datetime, *, status: str = "processed", spooled: bool = False) -> list[uuid.UUID]:
    """``count`` mails of an agent, the first of ``at``, a millisecond apart; their ids in that order."""
    endpoint, _ = Endpoint.objects.get_or_create(agent=agent, url="https://robin.example/hook")
    ms = round(at.timestamp() * 1000)
    values = {"ms": ms, "at": f"{at.isoformat()} ", "agent": agent.id, "count": count, "status": status}
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES, values)
        for statement in _REST:
            if spooled or "mail_spool" not in statement:
                cursor.execute(statement, {"agent": agent.id, "endpoint": endpoint.id})
    first, last = uuid.UUID(int=ms << 80), uuid.UUID(int=(ms + count) << 80)
    ids = list(
        Message.objects.filter(agent=agent, id__gte=first, id__lt=last).order_by("id").values_list("id", flat=True)
    )
    assert len(ids) == count
    return ids


def move_to(bucket: Path, ids: list[uuid.UUID]) -> None:
    """Blobs for these mails, and their rows stamped, as the spool's mover leaves them."""
    for id_ in ids:
        path = bucket / blobs.name_of(id_)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"sealed")
    with connection.cursor() as cursor:
        values: Any = [ids, [blobs.name_of(id_) for id_ in ids]]
        cursor.execute(
            "UPDATE messages m SET body_ref = v.ref FROM unnest(%s::uuid[], %s::text[]) v (id, ref) WHERE m.id = v.id",
            values,
        )
        cursor.execute("DELETE FROM mail_spool WHERE message_id = ANY(%s)", [ids])


def blobs_in(bucket: Path) -> list[str]:
    """The names of the mails that the bucket holds; its own id stays whatever expires."""
    names = {str(path.relative_to(bucket)) for path in bucket.rglob("*") if path.is_file()}
    return sorted(names - {MARKER})


def tables_with(text: str) -> list[str]:
    """Every table, the audit aside, of which a row holds this text in any column."""
    query = (
        "SELECT c.oid::regclass::text FROM pg_class c WHERE relkind = 'r' AND relnamespace = ANY(%s::regnamespace[])"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [["postbox", "postbox_keys"]])
        tables = [name for (name,) in cursor.fetchall() if "audit" not in name]
        assert len(tables) > 20
        return sorted(name for name in tables if _has(cursor, name, text))


def _has(cursor: Any, table: str, text: str) -> bool:
    cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table} t WHERE t::text LIKE %s)", [f"%{text}%"])
    return bool(cursor.fetchone()[0])
