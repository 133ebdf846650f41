"""An owner's policies: put and listed.

Decides that an owner has policies for what is theirs alone, that what is left out stays as it is, and that each change
is audited. What the words come to for an address is policy's part.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from postbox.api.errors import Invalid, NotFound
from postbox.audit.record import record
from postbox.events.body import timestamp
from postbox.identity.models import Address, Agent, Domain, Owner
from postbox.lib import clock
from postbox.screening.allowed import wrong
from postbox.screening.entries import MOST, entry
from postbox.screening.models import Policy
from postbox.screening.policy import Auth, Checks, installation

LEVELS = ("address", "domain", "agent_id")
_WORDS = ("auth", "mode", "strangers")


class NotYours(NotFound):
    message = "You hold nothing of that name."
    fix = "Name an address of one of your agents, a domain that /domain/list gives, or an agent_id that /alloc made."


def put(owner_id: uuid.UUID, values: Mapping[str, Any], *, actor: str) -> Policy:
    """Make the policy of a level, or change it. ``values``: at most one of ``address``, ``domain`` and ``agent_id``
    (none: all that the owner has), and ``auth``, ``mode``, ``strangers`` (None: as the level above says), ``allow``,
    ``block``, ``checks`` (of which None takes one away).

    Raises NotYours, Invalid.
    """
    errors, lists = _lists(values)
    checks = values.get("checks", {})
    given = {name: value for name, value in checks.items() if value is not None}
    errors += [{"path": f"checks.{name}", "message": said} for name, said in wrong(Checks, given).items()]
    if errors:
        raise Invalid("The policy is not well formed.", errors=errors)
    with transaction.atomic():
        Owner.objects.select_for_update(no_key=True).only("pk").get(pk=owner_id)  # one change at a time
        policy, is_new = Policy.objects.get_or_create(owner_id=owner_id, **_level(owner_id, values))
        for name in _WORDS:
            if name in values:
                setattr(policy, name, values[name])
        for name, entries in lists.items():
            setattr(policy, name, entries)
        policy.checks = {name: value for name, value in (policy.checks | checks).items() if value is not None}
        policy.updated_at = clock.now()
        policy.save()
        note(policy, "policy.made" if is_new else "policy.changed", actor)
    return policy


def check_level(owner_id: uuid.UUID, at: Mapping[str, Any]) -> None:
    """Raise NotYours or Invalid unless a policy of this owner may be about these rows: ``domain``, ``agent``,
    ``address``, at most one, by the model's names.
    """
    named = {name: row for name, row in at.items() if row is not None}
    if len(named) > 1:
        raise Invalid("Name one of domain, agent and address, or none.")
    values = {"domain": "name", "agent": "name", "address": "address"}
    keys = {"domain": "domain", "agent": "agent_id", "address": "address"}
    found = _level(owner_id, {keys[name]: getattr(row, values[name]) for name, row in named.items()})
    if Policy.objects.filter(owner_id=owner_id, **found).exists():
        raise Invalid("There is such a policy; change it on its own page.")


def installation_words() -> str:
    """What holds where no policy says anything, in a word."""
    return str(Auth(installation().auth).label)


def note(policy: Policy, action: str, actor: str) -> None:
    """Audit a change: the words, and how long the lists are; whom they name is the owner's own matter."""
    at = {"domain": policy.domain_id, "agent": policy.agent_id, "address": policy.address_id}
    record(
        actor,
        action,
        policy.id,
        owner=str(policy.owner_id),
        **{name: str(value) for name, value in at.items() if value},
        **{name: getattr(policy, name) for name in _WORDS},
        allowed=len(policy.allow),
        blocked=len(policy.block),
        checks=", ".join(sorted(policy.checks))[:200],
    )


def listing(owner_id: uuid.UUID) -> list[Policy]:
    """The owner's policies, the widest first."""
    rows = Policy.objects.filter(owner_id=owner_id).select_related("domain", "agent", "address")
    return sorted(rows, key=lambda row: (_rank(row), str(row)))


def shown(policy: Policy) -> dict[str, Any]:
    """A policy as the API gives it; null is "as the level above says"."""
    return {
        "id": str(policy.id),
        "address": policy.address.address if policy.address else None,
        "domain": policy.domain.name if policy.domain else None,
        "agent_id": policy.agent.name if policy.agent else None,
        **{name: getattr(policy, name) for name in _WORDS},
        "allow": policy.allow,
        "block": policy.block,
        "checks": policy.checks,
        "created_at": timestamp(policy.created_at),
        "updated_at": timestamp(policy.updated_at),
    }


def entries(given: Sequence[str]) -> list[str]:
    """A list's entries as they are kept. Raises ValueError."""
    if len(given) > MOST:
        raise ValueError(f"has more than {MOST} entries")
    return list(dict.fromkeys(entry(text) for text in given))


def _lists(values: Mapping[str, Any]) -> tuple[list[dict[str, str]], dict[str, list[str]]]:
    errors, found = [], {}
    for name in ("allow", "block"):
        if name in values:
            try:
                found[name] = entries(values[name])
            except ValueError as error:
                errors.append({"path": name, "message": str(error)})
    return errors, found


def _level(owner_id: uuid.UUID, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the policy is about, as the model has it. Raises NotYours."""
    at: dict[str, Any] = {"domain": None, "agent": None, "address": None}
    if "address" in values:
        at["address"] = Address.objects.filter(
            address=values["address"].lower(), agent__owner_id=owner_id, ended_at=None
        ).first()
    elif "agent_id" in values:
        at["agent"] = Agent.objects.filter(owner_id=owner_id, name=values["agent_id"]).first()
    elif "domain" in values:
        named = Domain.objects.filter(name=values["domain"].lower()).first()
        # The default domain serves every owner: a policy for it holds for the owner's own addresses on it.
        if named and (named.owner_id == owner_id or named.name == settings.POSTBOX_DEFAULT_DOMAIN):
            at["domain"] = named
    else:
        return at
    if not any(at.values()):
        raise NotYours()
    return at


def _rank(policy: Policy) -> int:
    return 3 * bool(policy.address_id) + 2 * bool(policy.agent_id) + bool(policy.domain_id)
