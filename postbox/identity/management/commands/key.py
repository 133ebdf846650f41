"""``postbox key``: an operator issues, revokes and lists API keys.

Decides how keys are named on the command line. A key is printed once, when it is made, and alone on standard output.
"""

from __future__ import annotations

import uuid
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from postbox.identity.keys import issue, revoke
from postbox.identity.models import Agent, ApiKey, KeyKind, Owner
from postbox.lib import clock

ACTOR = "operator:command-line"


class Command(BaseCommand):
    help = "Issue, revoke and list API keys."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        new = actions.add_parser("issue", help="make a key and print it; it cannot be read again")
        new.add_argument("kind", choices=KeyKind.values)
        new.add_argument("--owner", default="", help="the owner's name; for an owner's key and an agent's")
        new.add_argument("--agent", default="", help="the agent's id; for an agent's key")
        new.add_argument("--name", default="", help="what the key is for")
        new.add_argument("--days", type=int, help="the key expires after so many days; else it does not")
        end = actions.add_parser("revoke", help="end a key at once")
        end.add_argument("id", help="the id that `key list` shows")
        shown = actions.add_parser("list", help="show keys by id and first characters")
        shown.add_argument("--all", action="store_true", help="revoked and expired ones too")

    def handle(self, *args: Any, **options: Any) -> None:
        actions: dict[str, Callable[[dict[str, Any]], None]] = {
            "issue": self._issue,
            "revoke": self._revoke,
            "list": self._list,
        }
        actions[options["action"]](options)

    def _issue(self, options: dict[str, Any]) -> None:
        kind, days = KeyKind(options["kind"]), options["days"]
        if days is not None and not 1 <= days <= 36_500:
            raise CommandError("--days must be between 1 and 36500.")
        owner = _owner(options["owner"]) if options["owner"] else None
        agent = _agent(owner, options["agent"]) if kind == KeyKind.AGENT else None
        if kind == KeyKind.OWNER and owner is None:
            raise CommandError("An owner's key needs --owner.")
        key = issue(
            kind,
            owner=None if agent else owner,
            agent=agent,
            name=options["name"],
            expires_at=clock.now() + timedelta(days=days) if days else None,
            actor=ACTOR,
        )
        self.stderr.write("This is the only time that the key is shown:")
        self.stdout.write(key)

    def _revoke(self, options: dict[str, Any]) -> None:
        try:
            key = ApiKey.objects.get(pk=uuid.UUID(options["id"]))
        except (ValueError, ApiKey.DoesNotExist) as error:
            raise CommandError(f"There is no key {options['id']}; `postbox key list` shows them.") from error
        if key.revoked_at:
            self.stdout.write(f"{key} was revoked at {key.revoked_at:%Y-%m-%d %H:%M} UTC already.")
            return
        revoke(key, actor=ACTOR)
        self.stdout.write(f"{key} is revoked. A process that used it in the last second may still take it that long.")

    def _list(self, options: dict[str, Any]) -> None:
        keys: QuerySet[ApiKey] = ApiKey.objects.select_related("owner", "agent__owner").order_by("kind", "created_at")
        rows = [_row(key) for key in keys.iterator() if options["all"] or _state(key) == "live"]
        heads = ("id", "kind", "key", "holder", "state", "last used", "name")
        widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
        for row in [heads, *rows]:
            self.stdout.write("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _owner(name: str) -> Owner:
    owner = Owner.objects.filter(name=name).first()
    if owner is None:
        known = ", ".join(Owner.objects.values_list("name", flat=True)[:20])
        raise CommandError(f"There is no owner {name!r}. Known: {known or 'none'}.")
    return owner


def _agent(owner: Owner | None, name: str) -> Agent:
    if not name:
        raise CommandError("An agent's key needs --agent.")
    found = Agent.objects.filter(name=name, **({"owner": owner} if owner else {}))[:2]
    if len(found) > 1:
        raise CommandError(f"More than one owner has an agent {name!r}; say which with --owner.")
    if not found:
        raise CommandError(f"There is no agent {name!r}{' of this owner' if owner else ''}.")
    return found[0]


def _state(key: ApiKey) -> str:
    if key.revoked_at:
        return "revoked"
    return "expired" if key.expires_at and key.expires_at <= clock.now() else "live"


def _row(key: ApiKey) -> tuple[str, ...]:
    used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
    return str(key.id), key.kind, str(key), _holder(key), _state(key), used, key.name


def _holder(key: ApiKey) -> str:
    if key.agent:
        return f"{key.agent.owner.name}/{key.agent.name}"
    return key.owner.name if key.owner else "-"
