"""``Idempotency-Key``: the same request twice is one mail and one answer.

Decides what the same request is: the same agent, key and body, within a day. A request in flight holds an advisory
lock until its transaction ends, so that a second one is told so at once, and a crash leaves nothing behind.
"""

from __future__ import annotations

import hmac
import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from postbox.api.errors import ApiError
from postbox.lib import clock
from postbox.lib.ids import uuid7

HOLDS = timedelta(hours=24)
LONGEST = 255
_LOCK = "SELECT pg_try_advisory_xact_lock(%s)"
_FIND = "SELECT body, answer FROM idempotency_keys WHERE agent_id = %s AND key = %s AND created_at > %s"
_KEEP = """
INSERT INTO idempotency_keys (id, agent_id, key, body, answer, created_at) VALUES (%s, %s, %s, %s, %s::jsonb, %s)
ON CONFLICT (agent_id, key) DO UPDATE
SET id = excluded.id, body = excluded.body, answer = excluded.answer, created_at = excluded.created_at
"""
_EXPIRE = """
DELETE FROM idempotency_keys WHERE id = ANY (ARRAY(
    SELECT id FROM idempotency_keys WHERE created_at < %s ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED))
"""


class InFlight(ApiError):
    status = 409
    code = "in_flight"
    message = "A request with this Idempotency-Key is being carried out."
    fix = "Send the same request again in a second; it will get that request's answer."
    retry_after = 1


class KeyReused(ApiError):
    status = 422
    code = "idempotency_key_reused"
    message = "This Idempotency-Key was used with another body."
    fix = "Use a new key for a new message."


@dataclass(frozen=True, slots=True)
class Asked:
    """A request's key and body as keyed hashes."""

    key: bytes
    body: bytes


def asked(key: str, body: Any) -> Asked | None:
    """The request, or None where it bears no key. Raises ApiError for a key that is none."""
    if not key:
        return None
    if len(key) > LONGEST or not key.isprintable():
        raise ApiError(f"An Idempotency-Key has 1 to {LONGEST} printable characters.", code="bad_idempotency_key")
    secret = settings.POSTBOX_MASTER_KEYS.derive("idempotency")
    said = json.dumps(body, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace")
    return Asked(hmac.digest(secret, key.encode(), "sha256"), hmac.digest(secret, said, "sha256"))


def begin(agent_id: uuid.UUID, request: Asked) -> dict[str, Any] | None:
    """The answer that this request got before, or None for a new one, which is ours until the transaction ends."""
    lock = int.from_bytes(hmac.digest(request.key, agent_id.bytes, "sha256")[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [lock])
        if not cursor.fetchone()[0]:
            raise InFlight()
    return answered(agent_id, request)


def answered(agent_id: uuid.UUID, request: Asked) -> dict[str, Any] | None:
    """The answer that this request got, or None where it got none yet. Raises KeyReused."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [agent_id, request.key, clock.now() - HOLDS])
        row = cursor.fetchone()
    if row is None:
        return None
    if not hmac.compare_digest(bytes(row[0]), request.body):
        raise KeyReused()
    answer = row[1] if isinstance(row[1], dict) else json.loads(row[1])
    return answer | {"id": uuid.UUID(answer["id"])}


def end(agent_id: uuid.UUID, request: Asked, message_id: uuid.UUID, status: str, code: str, reason: str) -> None:
    """Keep the answer, in the transaction that stores the message. A gate's words name states and counts only."""
    answer = {"id": str(message_id), "status": status, "code": code, "reason": reason}
    values: list[Any] = [uuid7(), agent_id, request.key, request.body, json.dumps(answer), clock.now()]
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, values)


def expire(cutoff: datetime, limit: int) -> int:
    """Delete keys that hold no longer, however long mail is kept (a reaper of postbox.retention)."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRE, [clock.now() - HOLDS, limit])
        return int(cursor.rowcount)
