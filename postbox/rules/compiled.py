"""Rules as a worker applies them: read once a batch by version, compiled once a change.

Decides that a change holds for every mail that is claimed after it was committed: the versions are read with each
batch, by one statement for all its agents; only what a rule says is kept between batches.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from postbox.lib.kept import Kept
from postbox.rules.conditions import Condition, condition
from postbox.rules.models import InboundRule
from postbox.rules.view import View

log = logging.getLogger(__name__)

_VERSIONS = """
SELECT agent_id, id, version FROM inbound_rules WHERE agent_id = ANY(%s) AND enabled ORDER BY priority, id
"""


class BrokenRule(Exception):
    """A rule is stored that this version cannot read."""


@dataclass(frozen=True, slots=True)
class Actions:
    """What a rule does, in one form each."""

    folder: str = ""
    labels: tuple[str, ...] = ()
    forward: tuple[str, ...] = ()
    reply_subject: str = ""
    reply_text: str = ""
    quarantine: bool = False
    drop: bool = False
    stop: bool = False


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule that can be asked."""

    id: uuid.UUID
    name: str
    matches: Condition
    actions: Actions


_compiled: Kept[tuple[uuid.UUID, int], CompiledRule] = Kept(seconds=3600.0)


def rules_of(agent_ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, Sequence[CompiledRule]]:
    """The enabled rules of these agents in their order. One query, and one more when a rule was not seen before."""
    with connection.cursor() as cursor:
        cursor.execute(_VERSIONS, [list(set(agent_ids))])
        rows = cursor.fetchall()
    if not rows:
        return {}
    known = {(id_, version): _compiled.get((id_, version)) for _, id_, version in rows}
    if missing := [id_ for (id_, _), rule in known.items() if rule is None]:
        for rule in _load(missing):
            known |= {key: rule for key in known if key[0] == rule.id}
    found: dict[uuid.UUID, list[CompiledRule]] = {}
    for agent_id, id_, version in rows:
        if rule_ := known[(id_, version)]:
            found.setdefault(agent_id, []).append(rule_)
    return found


def _load(ids: Sequence[uuid.UUID]) -> list[CompiledRule]:
    """These rules, maybe newer than the version that was read: just as well."""
    try:
        rows = list(InboundRule.objects.filter(pk__in=ids))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # what one of them holds cannot be read: find it, keep the others
        return [_broken_rule(ids[0], "", error)] if len(ids) == 1 else [rule for id_ in ids for rule in _load([id_])]
    return [_compiled.put((row.id, row.version), _compile(row)) for row in rows]


def _compile(row: InboundRule) -> CompiledRule:
    """A rule that no longer compiles must not pass mail that it might have held, nor stop its batch."""
    try:
        return compile_rule(row.id, row.name, row.match, row.actions)
    except Exception as error:
        return _broken_rule(row.id, row.name, error)


def _broken_rule(id_: uuid.UUID, name: str, error: Exception) -> CompiledRule:
    log.error("rule_broken", extra={"rule_id": str(id_)}, exc_info=error)
    return CompiledRule(id_, name, _broken, Actions())


def _broken(view: View) -> bool:
    raise BrokenRule("a stored rule of this agent does not compile any more; put it again")


def compile_rule(id_: uuid.UUID, name: str, match: dict[str, Any], actions: dict[str, Any]) -> CompiledRule:
    """A rule that was checked (postbox.rules.language), ready to be asked."""
    reply = actions.get("auto_reply", {})
    return CompiledRule(
        id_,
        name,
        condition(match),
        Actions(
            folder=actions.get("move", ""),
            labels=_all(actions.get("label", [])),
            forward=_all(actions.get("forward", [])),
            reply_subject=reply.get("subject", ""),
            reply_text=reply.get("text", ""),
            quarantine="quarantine" in actions,
            drop="drop" in actions,
            stop="stop" in actions,
        ),
    )


def _all(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else (value,)


def forget() -> None:
    """Drop what this process keeps."""
    _compiled.clear()
