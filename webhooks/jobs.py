"""What a claimed delivery needs to be posted: its body opened, its endpoint's secrets at hand.

Decides what makes a delivery undeliverable for good: a key that was erased, a body that was changed. It posts nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from postbox.identity.keys import data_key
from postbox.identity.models import AgentKey
from postbox.lib import envelope
from postbox.mail.keys import open_part, unwrap
from webhooks import endpoint_secrets
from webhooks.claim import Claimed
from webhooks.outcomes import Failure


@dataclass(frozen=True, slots=True)
class Job:
    """A delivery ready to be signed and posted. ``claimed_at`` is on the monotonic clock."""

    claimed: Claimed
    body: bytes
    secrets: list[bytes]
    claimed_at: float


class Undeliverable(Exception):
    """No further try could deliver this."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


def prepare(claimed: Claimed) -> Job:
    """Open what was claimed. Raises Undeliverable, and MasterKeyMissing, which is no delivery's fault."""
    try:
        body = _body(claimed)
        secrets = endpoint_secrets.live(claimed.endpoint_id, claimed.agent_id, claimed.secret_version)
    except AgentKey.DoesNotExist as error:
        raise Undeliverable(Failure.KEY_ERASED) from error
    except envelope.SealBroken as error:
        raise Undeliverable(Failure.SEAL_BROKEN) from error
    if not secrets:
        raise Undeliverable(Failure.SECRETS_ERASED)
    return Job(claimed, body, secrets, time.monotonic())


def _body(claimed: Claimed) -> bytes:
    if claimed.message_id is None:
        context = envelope.part_context(claimed.event_id, "event", claimed.agent_id)
        return envelope.open_sealed(data_key(claimed.agent_id), claimed.body, context)
    if claimed.wrapped is None:
        raise Undeliverable(Failure.KEY_ERASED)
    key = unwrap(claimed.wrapped, claimed.message_id, claimed.agent_id)
    return open_part(key, claimed.body, claimed.message_id, "event", claimed.agent_id)
