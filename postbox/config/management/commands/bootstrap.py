"""What a new system begins with: an owner, an agent with an address, keys and an admin login.

Decides the names of the first owner, agent and admin. Run again it changes nothing that is there; keys cannot be read
back, so where ``credentials.json`` was lost new ones are issued.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from postbox.config.durability import problems
from postbox.events.wakeups import ensure_rows
from postbox.identity.alloc import allocate
from postbox.identity.keys import data_key, find, issue
from postbox.identity.models import Address, Agent, AgentKey, KeyKind, Owner
from postbox.lib.envelope import MasterKeyMissing
from postbox.screening.models import Policy
from postbox.screening.policy import Auth

OWNER = "Owner"
AGENT = "agent"
ADMIN = "admin"
_ACTOR = "bootstrap"
_NO_SENDER_LIMITS = {"rate_sender_hour": 0, "rate_sender_day": 0}


class Command(BaseCommand):
    help = "Make the first owner, agent, keys and admin, and write credentials.json."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--home", required=True, help="The folder of credentials.json.")
        parser.add_argument("--url", required=True, help="Where the web server answers.")
        parser.add_argument("--no-sample", action="store_true", help="Accepted for symmetry with `postbox up`.")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["home"]) / "credentials.json"
        ensure_rows()
        refuse_strange_keys()
        for problem in problems():
            self.stderr.write(f"WARNING: {problem}")
        known = _read(path)
        with transaction.atomic():
            credentials = _credentials(known)
        credentials |= {
            "url": options["url"],
            "database_url": os.environ["DATABASE_URL"],
            "broker_url": os.environ.get("BROKER_URL", ""),
        }
        _write(path, credentials)


def refuse_strange_keys() -> None:
    """Stop before anything is changed where our master keys do not open what this database holds."""
    agent = AgentKey.objects.order_by("created_at").values_list("agent_id", flat=True).first()
    if agent is None:
        return
    try:
        data_key(agent)
    except MasterKeyMissing as error:
        raise CommandError(
            "This database belongs to another home: its keys are wrapped by master keys that are not configured here. "
            "Set POSTBOX_MASTER_KEYS to those of the other home (its secrets.json), or use another DATABASE_URL."
        ) from error


def _live(key: str | None, kind: KeyKind) -> str | None:
    """The key, if it is one that this database knows."""
    holder = find(key) if key else None
    return key if holder and holder.kind == kind else None


def _credentials(known: dict[str, str]) -> dict[str, str]:
    owner, _ = Owner.objects.get_or_create(name=OWNER)
    agent = Agent.objects.filter(owner=owner, name=AGENT).first()
    agent_key = None
    if agent is None:
        given = allocate(owner, AGENT, local_part=AGENT, actor=_ACTOR)
        agent, agent_key = given.agent, given.agent_key
        # For trying things out: what is replayed to it comes from nowhere that DNS could vouch for.
        Policy.objects.create(owner=owner, agent=agent, auth=Auth.MONITOR, checks=_NO_SENDER_LIMITS)
    address = Address.objects.filter(agent=agent).order_by("created_at").values_list("address", flat=True).first()
    return {
        "admin_user": ADMIN,
        "admin_password": _admin_password(known),
        "bridge_key": _live(known.get("bridge_key"), KeyKind.BRIDGE)
        or issue(KeyKind.BRIDGE, name="local bridge", actor=_ACTOR),
        "owner_key": _live(known.get("owner_key"), KeyKind.OWNER)
        or issue(KeyKind.OWNER, owner=owner, name="first", actor=_ACTOR),
        "agent_id": agent.name,
        "address": address or "",
        "agent_key": agent_key
        or _live(known.get("agent_key"), KeyKind.AGENT)
        or issue(KeyKind.AGENT, agent=agent, actor=_ACTOR),
    }


def _admin_password(known: dict[str, str]) -> str:
    users = get_user_model().objects
    admin = users.filter(username=ADMIN).first()
    if admin is not None and known.get("admin_password"):
        return known["admin_password"]
    password = secrets.token_urlsafe(15)
    if admin is None:
        users.create_superuser(ADMIN, password=password)
    else:  # its password cannot be read back, and whoever holds the home folder may have a new one
        admin.set_password(password)
        admin.save(update_fields=["password"])
    return password


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str)}


def _write(path: Path, credentials: dict[str, str]) -> None:
    order = ["url", "admin_user", "admin_password", "bridge_key", "owner_key", "agent_id", "address", "agent_key"]
    order += ["database_url", "broker_url"]
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.chmod(0o600)
    draft.write_text(json.dumps({key: credentials[key] for key in order}, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)
