"""Claims on domains that another owner holds.

Decides that proof beats order. Whoever names a domain first holds it, so that it works at once; another owner may claim
it, and has it as soon as the claim's ownership record is in DNS and the holder's is not. While both are there it stays
with the holder. Whoever proves a domain ends all other claims on it; those who lost may claim it again. Nothing comes
of a claim before that: it holds no address and gets no mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from postbox.audit.record import record
from postbox.desk.ids import first_id
from postbox.identity import recipients
from postbox.identity.domain import dkim
from postbox.identity.domain.holding import DomainNotYours, DomainShared, hold
from postbox.identity.models import Address, Domain, DomainClaim, Owner, RecordState
from postbox.identity.published.finding import Finding, State
from postbox.identity.published.ownership import judge_ownership
from postbox.identity.published.records import Kind, Record, ownership
from postbox.lib import clock, dns
from postbox.lib.dns import Resolver, TemporaryFailure

_EXPIRED = """
DELETE FROM domain_claims WHERE id = ANY (ARRAY(
    SELECT id FROM domain_claims WHERE id < %s AND coalesce(checked_at, created_at) < %s
    ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED))
"""
_HELD = "Your record is there, and so is that of the owner who holds the domain: it stays theirs until theirs is gone."


def claim(owner: Owner, name: str, *, actor: str) -> Domain | DomainClaim:
    """The owner's domain, taken if nobody holds it; the owner's claim on it where another owner does.

    Raises DomainShared.
    """
    name = name.lower()
    if name == settings.POSTBOX_DEFAULT_DOMAIN:
        raise DomainShared()
    with transaction.atomic():
        try:
            return hold(owner, name, actor)
        except DomainNotYours:
            domain = Domain.objects.get(name=name)  # locked by now
        made, is_new = DomainClaim.objects.get_or_create(domain=domain, owner=owner)
        if is_new:
            record(actor, "domain.claimed", domain.pk, owner=str(owner.pk))
    return made


def wanted(made: DomainClaim) -> Record:
    """The record by which a claim is proven."""
    return ownership(made.domain.name, made.token.hex)


def prove(made: DomainClaim, *, actor: str, resolver: Resolver | None = None) -> Domain | DomainClaim:
    """Look in DNS whether the claim is true: the domain, which is the claim's owner's then, or the claim as it stands.

    Takes some seconds at most. A claim that was lost meanwhile is given back as it was.
    """
    ask = resolver or dns.shared(settings.POSTBOX_DNS_SERVERS).fresh
    found, problem = None, ""
    try:
        found = ask(wanted(made).name, "TXT")
    except TemporaryFailure as error:
        problem = f"DNS could not be asked: {error}. Check again in a few minutes."
    with transaction.atomic():
        domain = Domain.objects.select_for_update(no_key=True).get(pk=made.domain_id)
        row = DomainClaim.objects.select_for_update().filter(pk=made.pk).first()
        if row is None:
            return made
        row.domain = domain
        finding = Finding(State.UNKNOWN, (), problem) if found is None else _judged(row, found)
        if finding.state == State.OK:
            _take_over(domain, row, finding, actor)
            return domain
        _note(row, finding, actor)
    return row


def _judged(row: DomainClaim, found: Sequence[str]) -> Finding:
    """By what was found before the domain was locked, and by who holds it now."""
    finding = judge_ownership(wanted(row), found)
    of_holder = judge_ownership(ownership(row.domain.name, row.domain.token.hex), found)
    if finding.state == of_holder.state == State.OK:
        return Finding(State.WRONG, finding.found, _HELD)
    return finding


def _note(row: DomainClaim, finding: Finding, actor: str) -> None:
    before, row.ownership_state = row.ownership_state, finding.state.value
    row.found, row.advice, row.checked_at = list(finding.found), finding.advice[:1000], clock.now()
    row.save(update_fields=["ownership_state", "found", "advice", "checked_at"])
    if row.ownership_state != before:
        record(actor, "domain.claim_checked", row.domain_id, owner=str(row.owner_id), ownership=row.ownership_state)


def _take_over(domain: Domain, won: DomainClaim, finding: Finding, actor: str) -> None:
    """The domain with nothing of its former holder: their addresses there end, their word on it is forgotten."""
    before, now = domain.owner_id, clock.now()
    ended = _end_addresses(domain, won.owner_id, now)
    domain.owner_id, domain.token, domain.catch_all, domain.root_allowed = won.owner_id, won.token, None, False
    for kind in Kind:
        setattr(domain, f"{kind}_state", RecordState.PENDING)
    domain.ownership_state = RecordState.OK
    domain.findings = {Kind.OWNERSHIP.value: {"found": list(finding.found), "advice": ""}}
    domain.checked_at, domain.verified_at = None, now
    domain.save()
    dkim.start_anew(domain, actor=actor)
    won.delete()
    owners = {"owner": str(won.owner_id), "former_owner": str(before)}
    record(actor, "domain.taken_over", domain.pk, addresses_ended=ended, **owners)
    record(actor, "domain.verified", domain.pk)
    end_all(domain, actor)
    transaction.on_commit(recipients.forget)


def _end_addresses(domain: Domain, owner_id: Any, now: datetime) -> int:
    """Nobody else makes one meanwhile: hold() waits for the domain's row."""
    lost = Address.objects.filter(domain=domain, ended_at=None).exclude(agent__owner_id=owner_id)
    return lost.update(ended_at=now)


def end_all(domain: Domain, actor: str) -> None:
    """End every claim on a domain that was proven to be its holder's, in the transaction that holds its row."""
    for lost in DomainClaim.objects.filter(domain=domain):
        lost.delete()
        record(actor, "domain.claim_lost", domain.pk, owner=str(lost.owner_id))


def expired_claims(cutoff: datetime, limit: int) -> int:
    """Claims that nobody checked since ``cutoff``."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRED, [first_id(cutoff), cutoff, limit])
        deleted: int = cursor.rowcount
    return deleted
