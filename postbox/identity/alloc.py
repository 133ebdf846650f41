"""Giving an agent an address: the agent is made when it is new, with its data key and its API key.

Decides which local part and domain an address gets and refuses one that is taken. It never decides policies.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction

from postbox.api.errors import ApiError
from postbox.audit.record import record
from postbox.identity.domain.holding import hold
from postbox.identity.domain.roots import check_root
from postbox.identity.keys import issue, make_data_key
from postbox.identity.models import LOCAL_PART_LENGTH, Address, AddressKind, Agent, Domain, KeyKind, Owner

_RANDOM_TRIES = 5
# Whoever reads these can get a certificate for the domain (CA/Browser Forum, 3.2.2.4.4), or is owed its complaints
# (RFC 2142). On the domain that all owners share they are nobody's.
_RESERVED = frozenset(
    {"abuse", "admin", "administrator", "hostmaster", "mailer-daemon", "postmaster", "root", "security", "webmaster"}
)


class AddressTaken(ApiError):
    status = 409
    code = "address_taken"
    message = "This address is already given out."
    fix = "Choose another local_part, or leave it out to get a free one."


class AddressReserved(AddressTaken):
    code = "address_reserved"
    message = "This address is kept for the operator of the shared domain."


@dataclass(frozen=True, slots=True)
class Allocation:
    """What was given; ``agent_key`` only when the agent is new."""

    agent: Agent
    address: str
    aliases: list[str]
    agent_key: str | None


def allocate(
    owner: Owner,
    agent_name: str,
    *,
    local_part: str = "",
    domain: str = "",
    aliases: Sequence[str] = (),
    actor: str,
    by_operator: bool = False,
) -> Allocation:
    """Give ``agent_name`` an address and aliases on one domain, all or nothing.

    ``local_part`` defaults to the agent's name, and to that with random letters where it is taken. Aliases are local
    parts on the same domain. ``by_operator``: reserved names of the default domain may be given out, too.

    Raises AddressTaken, AddressReserved, DomainNotYours, RootDomain.
    """
    with transaction.atomic():
        agent, key = _agent(owner, agent_name, actor)
        held = hold(owner, domain.lower() or settings.POSTBOX_DEFAULT_DOMAIN, actor)
        check_root(held)
        _check_reserved(held, (local_part, *aliases), by_operator)
        address = _primary(agent, held, local_part or None, by_operator)
        given = [_address(agent, held, alias, AddressKind.ALIAS) for alias in dict.fromkeys(aliases)]
        for row in (address, *given):
            record(actor, "address.allocated", row.id, agent=str(agent.id))
    return Allocation(agent, address.address, [row.address for row in given], key)


def _agent(owner: Owner, name: str, actor: str) -> tuple[Agent, str | None]:
    agent, is_new = Agent.objects.get_or_create(owner=owner, name=name)
    if not is_new:
        return agent, None
    make_data_key(agent)
    record(actor, "agent.created", agent.id, owner=str(owner.id))
    return agent, issue(KeyKind.AGENT, agent=agent, name="made with the agent", actor=actor)


def _check_reserved(domain: Domain, local_parts: Iterable[str], by_operator: bool) -> None:
    is_shared = domain.name == settings.POSTBOX_DEFAULT_DOMAIN
    if is_shared and not by_operator and any(part.lower() in _RESERVED for part in local_parts):
        raise AddressReserved()


def _primary(agent: Agent, domain: Domain, wanted: str | None, by_operator: bool) -> Address:
    if wanted:
        return _address(agent, domain, wanted, AddressKind.PRIMARY)
    base = re.sub(r"\.{2,}", ".", agent.name).strip(".-") or "agent"
    for suffix in ["", *(f"-{uuid.UUID(bytes=secrets.token_bytes(16)).hex[:6]}" for _ in range(_RANDOM_TRIES))]:
        local_part = base[: LOCAL_PART_LENGTH - len(suffix)] + suffix
        try:
            _check_reserved(domain, [local_part], by_operator)
            return _address(agent, domain, local_part, AddressKind.PRIMARY)
        except AddressTaken:
            continue
    raise AddressTaken()


def _address(agent: Agent, domain: Domain, local_part: str, kind: AddressKind) -> Address:
    text = f"{local_part.lower()}@{domain.name}"
    try:
        with transaction.atomic():
            return Address.objects.create(agent=agent, domain=domain, address=text, kind=kind)
    except IntegrityError as error:
        raise AddressTaken(f"{text} is already given out.") from error
