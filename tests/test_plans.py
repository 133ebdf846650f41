"""The plans of the hot statements over many rows: each must find its rows by an index.

Rows are made by the database itself; what counts is how many, not what they say.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection

from postbox.ingest import claim
from postbox.lib import clock
from postbox.mail import store
from tests.people import known_agent

pytestmark = pytest.mark.django_db

ROWS = 20_000
_MESSAGES = """
INSERT INTO messages (id, direction, status, agent_id, mail_from, rcpt_to, header_from, helo, size, digest, received_at,
                      not_before, attempts, quarantined, spf, dkim, dmarc, body_ref)
SELECT gen_random_uuid(), 'inbound', CASE WHEN n %% 1000 = 0 THEN 'received' ELSE 'processed' END,
       CASE WHEN n %% 50 = 0 THEN %(agent)s ELSE %(other)s END, '', 'r' || n, '', '', 1000,
       sha256(n::text::bytea), now(), now(), CASE WHEN n %% 5000 = 0 THEN 1 ELSE 0 END, false,
       'none', 'none', 'none', ''
FROM generate_series(1, %(rows)s) n
"""
_REST = """
INSERT INTO message_contents (message_id, body) SELECT id, 'x' FROM messages;
INSERT INTO message_keys (message_id, wrapped) SELECT id, 'x' FROM messages;
INSERT INTO mail_spool (message_id, body, not_before) SELECT id, 'x', now() FROM messages;
INSERT INTO events (id, kind, agent_id, message_id, created_at, body)
    SELECT gen_random_uuid(), 'message.received', agent_id, id, now(), 'x' FROM messages;
INSERT INTO event_copies (consumer, event_id) SELECT 'nobody', id FROM events;
ANALYZE messages, message_contents, message_keys, mail_spool, events, event_copies;
"""


@pytest.fixture
def agent_id() -> uuid.UUID:
    agent, other = known_agent().agent, known_agent("wren").agent
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES, {"agent": agent.id, "other": other.id, "rows": ROWS})
        for statement in _REST.split(";\n"):
            if statement.strip():
                cursor.execute(statement)
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE status = 'received') FROM messages")
        assert cursor.fetchone() == (ROWS, ROWS // 1000)
    return agent.id


def plan(sql: str, values: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (COSTS OFF) {sql}", values)
        return "\n".join(row[0] for row in cursor.fetchall())


def test_hot_statements_find_their_rows_by_an_index(agent_id: uuid.UUID) -> None:
    now = clock.now()
    claiming = {"now": now, "limit": 64, "bytes": claim.BATCH_BYTES, "token": uuid.uuid4(), "until": now}
    newest = "SELECT id FROM messages WHERE agent_id = %s ORDER BY id DESC LIMIT 50"
    copies = "SELECT event_id FROM event_copies WHERE consumer = %s ORDER BY id LIMIT 100"
    statements: dict[str, tuple[str, Any, str]] = {
        "claim mail": (claim._FRESH, claiming, "messages_waiting"),
        "claim mail again": (claim._AGAIN, claiming, "messages_waiting"),
        "is mail waiting": (claim._DUE, {"now": now}, "messages_waiting"),
        "was this mail stored": (store._BEFORE, ["r77", b"x" * 32], "messages_once"),
        "an agent's newest mail": (newest, [agent_id], "messages_agent"),
        "a consumer's events": (copies, ["webhooks"], "event_copies_waiting"),
    }
    for name, (sql, values, index) in statements.items():
        found = plan(sql, values)
        assert index in found, f"{name}:\n{found}"
        for table in ("messages", "mail_spool", "message_keys", "event_copies"):
            assert f"Seq Scan on {table}" not in found, f"{name}:\n{found}"
