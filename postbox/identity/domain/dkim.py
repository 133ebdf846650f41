"""The keys that sign a domain's mail (DKIM, RFC 6376): made, rotated by selector, chosen, let go.

Decides which key signs: one whose record was seen in DNS before one that was not, an agent's own before the domain's,
a new one before an old one. So a new key signs once it is published, and the one before stays valid for a while. A
private key is kept sealed by the master key alone; it signs nothing here (outbound.dkim does).
"""

from __future__ import annotations

import base64
import string
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from django.conf import settings
from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, F, Q

from postbox.audit.record import record
from postbox.identity.models import Agent, DkimKey, Domain
from postbox.identity.published.finding import Finding, State
from postbox.lib import clock, envelope
from postbox.lib.ids import uuid7
from postbox.lib.kept import Kept

BITS = 2048  # RFC 8301, section 3.2
# How long after a newer key took over: the longest that mail waits to be sent, and some days on its way.
GRACE = timedelta(days=10)
_GRAVITY = (State.OK, State.PENDING, State.UNKNOWN, State.MISSING, State.WRONG)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key ready to sign."""

    domain: str
    selector: str
    private: RSAPrivateKey


_kept: Kept[tuple[str, uuid.UUID], SigningKey] = Kept(seconds=60.0)


def ensure(domain: Domain, *, actor: str) -> None:
    """Give a domain its first key; one that has a key keeps it."""
    if not domain.dkim_keys.filter(agent=None).exists():
        rotate(domain, actor=actor, only_first=True)


def rotate(domain: Domain, *, agent: Agent | None = None, actor: str, only_first: bool = False) -> DkimKey:
    """Make a key, for one agent's mail or for all, and let go those that were never published.

    With ``only_first`` gives the key that is there, if there is one.
    """
    with transaction.atomic():
        row = Domain.objects.select_for_update(no_key=True).get(pk=domain.pk)
        mine = row.dkim_keys.filter(agent=agent)
        if only_first and (held := mine.first()):
            return held
        mine.filter(seen_at=None).delete()
        key = _make(row, agent)
        row.dkim_state = _worst(row.dkim_keys.all())
        row.save(update_fields=["dkim_state"])
        record(actor, "dkim.created", key.pk, domain=str(row.pk), selector=key.selector)
    domain.dkim_state = row.dkim_state
    _kept.clear()
    return key


def start_anew(domain: Domain, *, actor: str) -> None:
    """A key of its own for the domain's new owner; nothing that the one before published counts any longer."""
    domain.dkim_keys.all().delete()
    rotate(domain, actor=actor)


def signing_key(domain_name: str, agent_id: uuid.UUID) -> SigningKey | None:
    """The key for an agent's mail from a domain, made when it has none; None where nobody holds the domain.

    Kept for a minute. Raises MasterKeyMissing.
    """
    name = domain_name.lower()
    if found := _kept.get((name, agent_id)):
        return found
    row = _chosen(name, agent_id)
    if row is None:
        domain = Domain.objects.filter(name=name).first()
        if domain is None:
            return None
        ensure(domain, actor="system")
        row = _chosen(name, agent_id)
    return _kept.put((name, agent_id), SigningKey(name, row.selector, _opened(row))) if row else None


def note(domain: Domain, findings: Mapping[uuid.UUID, Finding], actor: str) -> State | None:
    """Write down what DNS holds of the keys, in the caller's transaction; gives the state of them all.

    A key that was seen for the first time retires those before it; one that retired long ago is deleted.
    """
    now = clock.now()
    keys = list(domain.dkim_keys.select_for_update())
    for key in keys:
        if (found := findings.get(key.pk)) is None:
            continue
        key.state, key.finding = found.state.value, {"found": list(found.found), "advice": found.advice}
        if found.state == State.OK and key.seen_at is None:
            key.seen_at = now
            earlier = [one for one in keys if one.agent_id == key.agent_id and one.pk < key.pk and not one.retired_at]
            for one in earlier:
                one.retired_at = now
                record(actor, "dkim.retired", one.pk, domain=str(domain.pk), selector=one.selector)
    for key in keys:
        if key.retired_at and key.retired_at < now - GRACE:
            record(actor, "dkim.deleted", key.pk, domain=str(domain.pk), selector=key.selector)
            key.delete()
        else:
            key.save(update_fields=["state", "finding", "seen_at", "retired_at"])
    return _worst(domain.dkim_keys.all())


def said_of(key: DkimKey) -> dict[str, Any]:
    """What was found of a key and what to do."""
    if not key.retired_at:
        return dict(key.finding)
    until = key.retired_at + GRACE
    return dict(key.finding) | {"advice": f"A newer key signs. This record may be taken away after {until:%Y-%m-%d}."}


def forget() -> None:
    """Drop what this process keeps."""
    _kept.clear()


def _worst(keys: Iterable[DkimKey]) -> State | None:
    """Of those that sign, or will."""
    states = [State(key.state) for key in keys if not key.retired_at]
    return max(states, key=_GRAVITY.index) if states else None


def _chosen(name: str, agent_id: uuid.UUID) -> DkimKey | None:
    keys = DkimKey.objects.filter(Q(agent=None) | Q(agent=agent_id), domain__name=name, retired_at=None)
    unseen = ExpressionWrapper(Q(seen_at=None), output_field=BooleanField())
    return keys.order_by(unseen, F("agent").asc(nulls_last=True), "-id").first()


def _make(domain: Domain, agent: Agent | None) -> DkimKey:
    private = generate_private_key(public_exponent=65537, key_size=BITS)
    der = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    key_id = uuid7()
    return DkimKey.objects.create(
        id=key_id,
        domain=domain,
        agent=agent,
        selector=_free_selector(domain),
        private=settings.POSTBOX_MASTER_KEYS.wrap(der, _context(key_id, domain.pk)),
        public=base64.b64encode(public).decode(),
    )


def _free_selector(domain: Domain) -> str:
    base, taken = f"pbx{clock.now():%Y%m%d}", set(domain.dkim_keys.values_list("selector", flat=True))
    names = [base, *(f"{base}{a}" for a in string.ascii_lowercase)]
    return next((name for name in names if name not in taken), f"{base}-{uuid.uuid4().hex[:8]}")


def _opened(key: DkimKey) -> RSAPrivateKey:
    der = settings.POSTBOX_MASTER_KEYS.unwrap(bytes(key.private), _context(key.pk, key.domain_id))
    # It was made here and its seal is whole: to check again that its primes are some would take 50 ms.
    private = serialization.load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(private, RSAPrivateKey)  # noqa: S101 (no other is made)
    return private


def _context(key_id: uuid.UUID, domain_id: uuid.UUID) -> str:
    return envelope.part_context(key_id, "dkim", domain_id)
