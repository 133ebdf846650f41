"""An agent's rules: put, listed, deleted.

Decides that a rule is checked before it is kept, that a name is used once an agent, and how many rules an agent has.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from postbox.api.errors import ApiError, Invalid, NotFound
from postbox.audit.record import record
from postbox.events.body import timestamp
from postbox.identity.models import Agent
from postbox.identity.recipients import resolve
from postbox.lib import clock
from postbox.rules.language import Problem, problems
from postbox.rules.models import InboundRule

MOST = 100


class TooManyRules(ApiError):
    status = 409
    code = "too_many_rules"
    message = f"An agent has at most {MOST} rules."
    fix = "Delete a rule with /rule/delete, or put several patterns into one rule."


class NameTaken(ApiError):
    status = 409
    code = "name_taken"
    message = "Another rule of this agent has that name."
    fix = "Use another name, or leave `id` out to replace the rule of that name."


class UnknownRule(NotFound):
    message = "The agent has no such rule."
    fix = "Use an id that /rule/list gives."


def check(agent_id: uuid.UUID, match: Any, actions: Any) -> None:
    """Raise Invalid, naming each place, unless a rule of this agent may say this."""
    found = problems(match, actions) or _loops(agent_id, actions)
    if found:
        raise Invalid("The rule is not well formed.", errors=found)


def put(agent_id: uuid.UUID, values: Mapping[str, Any], *, actor: str) -> InboundRule:
    """Make a rule, or replace the one of this ``id`` or, without an id, of this ``name``.

    ``values``: ``name``, ``match``, ``actions``, and ``id``, ``priority``, ``enabled`` where they are given.
    Raises Invalid, UnknownRule, NameTaken, TooManyRules.
    """
    check(agent_id, values["match"], values["actions"])
    try:
        with transaction.atomic():
            # One at a time an agent, so that counting and naming hold.
            Agent.objects.select_for_update(no_key=True).only("pk").get(pk=agent_id)
            rule = _found(agent_id, values)
            new = rule._state.adding
            for name in ("name", "match", "actions", "priority", "enabled"):
                if name in values:
                    setattr(rule, name, values[name])
            rule.updated_at = clock.now()
            if new:
                rule.save(force_insert=True)
            else:
                rule.version += 1
                rule.save(update_fields=["name", "match", "actions", "priority", "enabled", "version", "updated_at"])
            record(actor, "rule.made" if new else "rule.changed", rule.id, agent=str(agent_id), enabled=rule.enabled)
    except IntegrityError as error:
        raise NameTaken() from error
    return rule


def _found(agent_id: uuid.UUID, values: Mapping[str, Any]) -> InboundRule:
    rows = InboundRule.objects.select_for_update().filter(agent_id=agent_id)
    if "id" in values:
        rule = rows.filter(pk=values["id"]).first()
        if rule is None:
            raise UnknownRule()
        return rule
    if rule := rows.filter(name=values["name"]).first():
        return rule
    if InboundRule.objects.filter(agent_id=agent_id).count() >= MOST:
        raise TooManyRules()
    return InboundRule(agent_id=agent_id)


def listing(agent_id: uuid.UUID) -> list[InboundRule]:
    """All rules of an agent in the order in which they are asked."""
    return list(InboundRule.objects.filter(agent_id=agent_id))


def find(agent_id: uuid.UUID, rule_id: uuid.UUID) -> InboundRule:
    """A rule of the agent. Raises UnknownRule."""
    rule = InboundRule.objects.filter(agent_id=agent_id, pk=rule_id).first()
    if rule is None:
        raise UnknownRule()
    return rule


def delete(agent_id: uuid.UUID, rule_id: uuid.UUID, *, actor: str) -> None:
    """End a rule. Folders and labels that it gave stay. Raises UnknownRule."""
    with transaction.atomic():
        gone, _ = InboundRule.objects.filter(agent_id=agent_id, pk=rule_id).delete()
        if not gone:
            raise UnknownRule()
        record(actor, "rule.deleted", rule_id, agent=str(agent_id))


def switch(rule_id: uuid.UUID, *, enabled: bool, actor: str) -> None:
    """Turn a rule on or off, whoever's it is. Raises UnknownRule."""
    with transaction.atomic():
        rows = InboundRule.objects.filter(pk=rule_id)
        if not rows.update(enabled=enabled, version=F("version") + 1, updated_at=clock.now()):
            raise UnknownRule()
        record(actor, "rule.enabled" if enabled else "rule.disabled", rule_id)


def shown(rule: InboundRule) -> dict[str, Any]:
    """A rule as the API gives it."""
    return {
        "id": str(rule.id),
        "name": rule.name,
        "match": rule.match,
        "actions": rule.actions,
        "priority": rule.priority,
        "enabled": rule.enabled,
        "hits": rule.hits,
        "last_hit_at": timestamp(rule.last_hit_at) if rule.last_hit_at else None,
        "created_at": timestamp(rule.created_at),
        "updated_at": timestamp(rule.updated_at),
    }


def _loops(agent_id: uuid.UUID, actions: Mapping[str, Any]) -> list[Problem]:
    """Forwards to the agent itself, which would come back for ever."""
    to = actions.get("forward", [])
    places = [("actions.forward", to)] if isinstance(to, str) else [
        (f"actions.forward.{index}", address) for index, address in enumerate(to)
    ]  # fmt: skip
    reached = resolve(address.lower() for _, address in places) if places else {}
    return [
        {"path": path, "message": "This address reaches the agent itself."}
        for path, address in places
        if (found := reached.get(address.lower())) and found.agent_id == agent_id
    ]
