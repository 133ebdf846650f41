"""The domains that owners hold: taking one, its catch-all, and whether agents may sit on an organisation's own.

Decides who holds a domain (the first who names it, until another owner proves a claim) and what may be changed of it.
What DNS says is checking's part, and what comes of a claim that of claims.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal

from django.conf import settings
from django.db import transaction

from postbox.api.errors import ApiError, Invalid
from postbox.audit.record import record
from postbox.identity.domain import dkim
from postbox.identity.domain.roots import check_root
from postbox.identity.models import Address, AddressKind, Domain, Owner


class DomainNotYours(ApiError):
    status = 403
    code = "domain_not_yours"
    message = "This domain is held by another owner."
    fix = (
        "Leave `domain` out to use the default one, or name a domain of your own. If this one is yours, POST it to "
        '/domain/put with "claim": true, publish the ownership record of the answer, then POST /domain/check.'
    )


class DomainShared(ApiError):
    status = 403
    code = "domain_shared"
    message = "The default domain serves every owner; only the operator changes it."
    fix = "Name a domain of your own."


class Keep(Enum):
    """Stands for a value that is left as it is; None takes it away."""

    KEEP = "keep"


KEEP: Literal[Keep.KEEP] = Keep.KEEP


def hold(owner: Owner, name: str, actor: str) -> Domain:
    """The owner's domain of that name, made when nobody holds it. The default domain serves every owner.

    ``name`` in lower case. In a transaction, until whose end no other domain than the default one can go to another
    owner. Raises DomainNotYours.
    """
    held, is_new = Domain.objects.get_or_create(name=name, defaults={"owner": owner})
    if name != settings.POSTBOX_DEFAULT_DOMAIN:
        held = Domain.objects.select_for_update(no_key=True).get(pk=held.pk)
    if held.owner_id != owner.id and name != settings.POSTBOX_DEFAULT_DOMAIN:
        raise DomainNotYours()
    if is_new:
        record(actor, "domain.created", held.id, owner=str(owner.id))
    return held


def put(
    owner: Owner,
    name: str,
    *,
    catch_all: str | Keep | None = KEEP,
    allow_root: bool | Keep = KEEP,
    actor: str,
    by_operator: bool = False,
) -> Domain:
    """Take a domain, or change one that is held. ``catch_all`` is one of the owner's addresses or agent ids.

    Raises DomainNotYours, DomainShared, RootDomain (a catch-all is an identity too), Invalid (no such agent).
    """
    name = name.lower()
    if name == settings.POSTBOX_DEFAULT_DOMAIN and not by_operator:
        raise DomainShared()
    with transaction.atomic():
        held = Domain.objects.select_for_update(no_key=True).get(pk=hold(owner, name, actor).pk)
        before = held.catch_all_id, held.root_allowed
        if not isinstance(allow_root, Keep):
            held.root_allowed = allow_root
        if not isinstance(catch_all, Keep):
            held.catch_all = _taker(owner, held, catch_all) if catch_all else None
        if held.catch_all_id:
            check_root(held)
        if (held.catch_all_id, held.root_allowed) != before:
            held.save(update_fields=["catch_all", "root_allowed"])
            taker = str(held.catch_all_id) if held.catch_all_id else None
            record(actor, "domain.changed", held.id, catch_all=taker, root_allowed=held.root_allowed)
        dkim.ensure(held, actor=actor)
    return held


def _taker(owner: Owner, domain: Domain, wanted: str) -> Address:
    """The owner's address of that text, or the agent's: on this domain rather than another, the first made."""
    mine = Address.objects.filter(agent__owner=owner, ended_at=None)
    if "@" in wanted:
        found = mine.filter(address=wanted.lower()).first()
    else:
        of_agent = mine.filter(agent__name=wanted).order_by("created_at", "id")
        found = (
            of_agent.filter(domain=domain).first()
            or of_agent.filter(kind=AddressKind.PRIMARY).first()
            or of_agent.first()
        )
    if found is None:
        problem = {"path": "catch_all", "message": "None of your agents has this id or address."}
        raise Invalid(fix="Name an agent of yours that has an address, or one of its addresses.", errors=[problem])
    return found
