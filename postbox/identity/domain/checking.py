"""Reading the state of a domain's records from DNS into its row.

Decides when a domain is due and what a check changes. The look-ups come first and outside any transaction; then one
short one writes what was found.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from postbox.audit.record import record
from postbox.identity.domain import dkim
from postbox.identity.domain.claims import end_all
from postbox.identity.models import Domain, RecordState
from postbox.identity.published.finding import Finding, State
from postbox.identity.published.look import look_up, look_up_keys
from postbox.identity.published.records import Kind, Record, Site, dkim_record, records
from postbox.lib import clock, dns
from postbox.lib.dns import Resolver

log = logging.getLogger(__name__)

EVERY = timedelta(hours=24)
UNKNOWN_AGAIN_AFTER = timedelta(hours=1)
RUN_SECONDS = 25.0
_PORTION = 50
_LOCK = "SELECT pg_try_advisory_lock(hashtext('postbox.domains'))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtext('postbox.domains'))"


def site() -> Site:
    """The operator's part of the records, by the settings."""
    return Site(settings.POSTBOX_MX_HOST, settings.POSTBOX_SPF_INCLUDE)


def wanted(domain: Domain) -> tuple[Record, ...]:
    """The records that the domain should publish."""
    keys = (dkim_record(domain.name, key.selector, key.public) for key in domain.dkim_keys.all())
    return (*records(domain.name, domain.token.hex, site()), *keys)


def check(domain: Domain, *, actor: str, resolver: Resolver | None = None) -> Domain:
    """Look the records up as they are now and note what was found; gives the row as it is then.

    Takes some seconds at most. A domain that is deleted meanwhile stays deleted, and of one that went to another owner
    nothing is noted: what was looked for was the former one's.
    """
    ask = resolver or dns.shared(settings.POSTBOX_DNS_SERVERS).fresh
    findings = look_up(domain.name, domain.token.hex, site(), ask)
    keys = list(domain.dkim_keys.all())
    found = look_up_keys([dkim_record(domain.name, key.selector, key.public) for key in keys], ask)
    with transaction.atomic():
        row = Domain.objects.select_for_update(no_key=True).filter(pk=domain.pk).first()
        if row is None:
            return domain
        if row.token == domain.token:
            before = row.states
            row.dkim_state = dkim.note(row, {key.pk: one for key, one in zip(keys, found, strict=True)}, actor)
            _note(row, findings, before, actor)
    return row


def _note(row: Domain, findings: Mapping[Kind, Finding], before: Mapping[Kind, State], actor: str) -> None:
    now = clock.now()
    for kind, finding in findings.items():
        setattr(row, f"{kind}_state", finding.state.value)
    row.findings = {
        kind.value: {"found": list(finding.found), "advice": finding.advice} for kind, finding in findings.items()
    }
    row.checked_at = now
    is_proven = row.verified_at is None and findings[Kind.OWNERSHIP].state == State.OK
    if is_proven:
        row.verified_at = now
    row.save(update_fields=["findings", "checked_at", "verified_at", *(f"{kind}_state" for kind in Kind)])
    if row.states != before:
        record(actor, "domain.checked", row.pk, **{kind.value: state.value for kind, state in row.states.items()})
    if is_proven:
        record(actor, "domain.verified", row.pk)
        end_all(row, actor)


def described(domain: Domain) -> list[dict[str, Any]]:
    """Each record as a caller sees it: what to publish, its state, what was found, what to do."""
    fixed = [
        _described(one, domain.states[one.kind], domain.findings.get(one.kind.value, {}))
        for one in records(domain.name, domain.token.hex, site())
    ]
    keys = [
        _described(dkim_record(domain.name, key.selector, key.public), State(key.state), dkim.said_of(key))
        for key in domain.dkim_keys.all()
    ]
    return fixed + keys


def _described(one: Record, state: State, noted: Mapping[str, Any]) -> dict[str, Any]:
    advice = noted.get("advice", "")
    if state == State.PENDING:
        advice = f"Publish this {one.type} record, then check the domain." if one.value else ""
    return {
        "kind": one.kind.value,
        "name": one.name,
        "type": one.type,
        "value": one.value,
        "state": state.value,
        "found": noted.get("found", []),
        "advice": advice,
    }


def check_due(*, resolver: Resolver | None = None) -> int:
    """Check domains that were not for a day, the longest ago first, for some seconds; gives how many.

    Harmless when two run: one works, the other leaves.
    """
    if not _locked(_LOCK):
        return 0
    try:
        return _check_all(due().order_by(F("checked_at").asc(nulls_first=True))[:_PORTION], resolver)
    finally:
        _locked(_UNLOCK)


def due() -> QuerySet[Domain]:
    """Domains to look at. Names under localhost are this machine's own; no DNS knows them (RFC 6761)."""
    now = clock.now()
    unknown = Q()
    for kind in Kind:
        unknown |= Q(**{f"{kind}_state": RecordState.UNKNOWN})
    waiting = Q(checked_at=None) | Q(checked_at__lt=now - EVERY)
    return Domain.objects.filter(waiting | (unknown & Q(checked_at__lt=now - UNKNOWN_AGAIN_AFTER))).exclude(
        name__endswith=".localhost"
    )


def _check_all(domains: Iterable[Domain], resolver: Resolver | None) -> int:
    until, checked = time.monotonic() + RUN_SECONDS, 0
    for domain in domains:
        if time.monotonic() > until:
            break
        try:
            check(domain, actor="system", resolver=resolver)
            checked += 1
        except Exception as error:  # one domain that fails must not keep the others from being looked at
            log.error("domain_check_failed", extra={"domain_id": str(domain.pk)}, exc_info=error)
    return checked


def _locked(sql: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return bool(cursor.fetchone()[0])
