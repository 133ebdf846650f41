"""Keys: the ones programs show (API keys) and the ones that wrap an agent's mail (data keys).

Decides how a key is made, found, used and revoked. It never logs or returns a key after it was made.
"""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from postbox.audit.record import record
from postbox.identity.models import Agent, AgentKey, ApiKey, KeyKind, Owner
from postbox.lib import clock, envelope, ids
from postbox.lib.kept import Kept

_USE_NOTED_EVERY = timedelta(minutes=1)

_FIND = """
SELECT k.id, k.kind, coalesce(k.owner_id, a.owner_id), k.agent_id, a.name, k.last_used_at
FROM api_keys k LEFT JOIN agents a ON a.id = k.agent_id
WHERE k.digest = %s AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %s)
"""


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Who showed a key. ``agent_id`` and ``agent_name`` only for an agent's key."""

    key_id: uuid.UUID
    kind: str
    owner_id: uuid.UUID | None
    agent_id: uuid.UUID | None = None
    agent_name: str = ""
    is_authenticated: bool = True

    @property
    def actor(self) -> str:
        """How the audit names this holder."""
        return f"key:{self.key_id}"


_holders: Kept[bytes, KeyHolder] = Kept(seconds=1.0)


def issue(
    kind: KeyKind,
    *,
    owner: Owner | None = None,
    agent: Agent | None = None,
    name: str = "",
    expires_at: datetime | None = None,
    actor: str,
) -> str:
    """Make an API key and return it; this is the only time it can be read."""
    key = ids.token(f"pbx_{kind.value}")
    row = ApiKey.objects.create(
        kind=kind,
        owner=owner,
        agent=agent,
        name=name,
        hint=key[: len(f"pbx_{kind.value}_") + 4],
        digest=digest(key),
        expires_at=expires_at,
    )
    record(actor, "key.issued", row.id, kind=kind.value, agent=str(agent.id) if agent else None)
    return key


def revoke(key: ApiKey, *, actor: str) -> None:
    """End a key at once. Revoking twice changes nothing."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=clock.now()):
        _holders.clear()
        record(actor, "key.revoked", key.pk)


def digest(key: str) -> bytes:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).digest()


def find(key: str) -> KeyHolder | None:
    """The holder of a live key, or None. At most one query; its use is noted at most once a minute.

    A holder found is kept for a second, so a revocation reaches every process within that second.
    """
    hashed = digest(key)
    if holder := _holders.get(hashed):
        return holder
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [hashed, now])
        row = cursor.fetchone()
    if row is None:
        return None
    key_id, kind, owner_id, agent_id, agent_name, last_used = row
    _note_use(key_id, last_used, now)
    return _holders.put(hashed, KeyHolder(key_id, kind, owner_id, agent_id, agent_name or ""))


def _note_use(key_id: uuid.UUID, last_used: datetime | None, now: datetime) -> None:
    if last_used is None or now - last_used > _USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=key_id).update(last_used_at=now)


# --- data keys ---------------------------------------------------------------------------------------------------

_data_keys: Kept[uuid.UUID, bytes] = Kept(seconds=60.0)


def make_data_key(agent: Agent) -> None:
    """Give a new agent the key that will wrap its mail's keys."""
    wrapped = settings.POSTBOX_MASTER_KEYS.wrap(envelope.new_key(), _data_key_context(agent.id))
    AgentKey.objects.create(agent=agent, wrapped=wrapped)


def data_key(agent_id: uuid.UUID, *, fresh: bool = False) -> bytes:
    """The agent's data key, kept unwrapped for a minute (``fresh``: opened now). AgentKey.DoesNotExist when erased."""
    if not fresh and (kept := _data_keys.get(agent_id)):
        return kept
    wrapped = AgentKey.objects.values_list("wrapped", flat=True).get(agent_id=agent_id)
    key: bytes = settings.POSTBOX_MASTER_KEYS.unwrap(bytes(wrapped), _data_key_context(agent_id))
    return _data_keys.put(agent_id, key)


def warm_data_keys(agent_ids: Iterable[uuid.UUID]) -> None:
    """Have ``data_key`` find these agents' keys in this process for a minute: one query, where any is missing.

    An agent without a key, and one whose key does not open, is passed over: ``data_key`` says which it is.
    """
    missing = [agent_id for agent_id in set(agent_ids) if not _data_keys.get(agent_id)]
    if not missing:
        return
    for agent_id, wrapped in AgentKey.objects.filter(agent_id__in=missing).values_list("agent_id", "wrapped"):
        with contextlib.suppress(envelope.MasterKeyMissing):
            key = settings.POSTBOX_MASTER_KEYS.unwrap(bytes(wrapped), _data_key_context(agent_id))
            _data_keys.put(agent_id, key)


def forget() -> None:
    """Drop the keys and holders that this process keeps."""
    _data_keys.clear()
    _holders.clear()


def _data_key_context(agent_id: uuid.UUID) -> str:
    return envelope.part_context(agent_id, "data-key", agent_id)
