"""The secrets that sign for an endpoint: made, sealed, rotated, read.

Decides that a secret is shown once and that a rotated one goes on signing until its grace ends. A worker keeps opened
secrets for as long as the endpoint's ``secret_version`` stays, so a rotation holds from the next claim on.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F

from postbox.identity.keys import data_key
from postbox.lib import clock, envelope, signing
from webhooks.models import Endpoint, EndpointSecret

_MAX_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class LiveSecret:
    """An opened secret; ``expires_at`` when it was rotated."""

    octets: bytes
    expires_at: datetime | None


def make(endpoint: Endpoint) -> str:
    """A new secret for the endpoint, as it is shown once."""
    secret = signing.new_secret()
    row = EndpointSecret(endpoint=endpoint)
    row.sealed = envelope.seal(data_key(endpoint.agent_id), secret.encode(), _context(row.id, endpoint.agent_id))
    row.save(force_insert=True)
    return secret


def rotate(endpoint: Endpoint, grace: timedelta) -> tuple[str, datetime]:
    """A new secret, and when the old ones stop signing. In the caller's transaction, with the endpoint's row locked."""
    until = clock.now() + grace
    endpoint.secrets.filter(expires_at=None).update(expires_at=until)
    # Secrets of an earlier rotation keep the end they were given, and never outlive this one's.
    endpoint.secrets.filter(expires_at__gt=until).update(expires_at=until)
    endpoint.secrets.filter(expires_at__lte=clock.now()).delete()
    Endpoint.objects.filter(pk=endpoint.pk).update(secret_version=F("secret_version") + 1)
    return make(endpoint), until


_kept: dict[uuid.UUID, tuple[int, list[LiveSecret]]] = {}


def live(endpoint_id: uuid.UUID, agent_id: uuid.UUID, version: int) -> list[bytes]:
    """The secrets that sign now, newest first; a query when ``version`` is new here. Empty when they were erased."""
    kept = _kept.get(endpoint_id)
    if kept is None or kept[0] != version:
        if len(_kept) >= _MAX_KEPT:
            _kept.clear()
        kept = _kept[endpoint_id] = (version, _read(endpoint_id, agent_id))
    now = clock.now()
    return [secret.octets for secret in kept[1] if secret.expires_at is None or secret.expires_at > now]


def _read(endpoint_id: uuid.UUID, agent_id: uuid.UUID) -> list[LiveSecret]:
    rows = EndpointSecret.objects.filter(endpoint=endpoint_id).order_by("-id").values_list("id", "sealed", "expires_at")
    key = data_key(agent_id)
    return [
        LiveSecret(
            signing.secret_octets(envelope.open_sealed(key, bytes(sealed), _context(id_, agent_id)).decode()),
            expires_at,
        )
        for id_, sealed, expires_at in rows
    ]


def _context(secret_id: uuid.UUID, agent_id: uuid.UUID) -> str:
    return envelope.part_context(secret_id, "webhook-secret", agent_id)
