"""``postbox policy``: an operator lists an owner's policies, and tries a draft on stored mail.

Decides how they are shown on the command line. Neither changes anything: policies are put by their owner's key
(/policy/put) or in the admin.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from postbox.api.errors import ApiError
from postbox.identity.models import Owner
from postbox.ingest.policy_trial import MOST, Tried, steps_in_words, try_policy
from postbox.screening.policies import LEVELS, listing, shown
from postbox.screening.policy import Auth, Mode, Strangers

_SHOWN = 20


class Command(BaseCommand):
    help = "List policies, and try one on stored mail before it bites."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listed = actions.add_parser("list", help="an owner's policies")
        tried = actions.add_parser("try", help="what would become of stored mail under a draft; nothing is changed")
        about = tried.add_mutually_exclusive_group()
        for level in LEVELS:
            about.add_argument(f"--{level.replace('_', '-')}", help=f"the draft is for this {level}")
        tried.add_argument("--auth", choices=Auth.values)
        tried.add_argument("--mode", choices=Mode.values)
        tried.add_argument("--strangers", choices=Strangers.values)
        for name in ("allow", "block"):
            tried.add_argument(f"--{name}", action="append", help="an address, a domain or *.domain; may be repeated")
        tried.add_argument("--checks", type=_json, help="settings of checks, a JSON object")
        tried.add_argument("--limit", type=int, default=200, help=f"how many of the newest mails, {MOST} at most")
        for action in (listed, tried):
            action.add_argument("--owner", default="", help="the owner's name; needed where there are several")
            action.add_argument("--json", action="store_true", help="JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = _owner(options["owner"])
        if options["action"] == "list":
            for policy in listing(owner.pk):
                self.stdout.write(json.dumps(shown(policy)) if options["json"] else _line(shown(policy)))
            return
        names = (*LEVELS, "auth", "mode", "strangers", "allow", "block", "checks")
        draft = {name: options[name] for name in names if options[name] is not None}
        try:
            found = try_policy(owner.pk, draft, options["limit"])
        except ApiError as error:
            said = "; ".join(f"{one['path']}: {one['message']}" for one in error.errors)
            raise CommandError(f"{error.message} {said or error.fix}") from error
        self.stdout.write(json.dumps(found.shown()) if options["json"] else _told(found))


def _told(found: Tried) -> str:
    lines = [f"{found.tried} mails tried, {len(found.changes)} would have gone another way."]
    lines += [f"  {count:>5}  {name}" for name, count in sorted(found.counts().items())]
    if found.decided or found.passed_over:
        lines.append(f"Left out: {found.decided} that an operator decided, {found.passed_over} that cannot be read.")
    lines += [f"{how.capitalize()}: {names}." for how, names in steps_in_words()]
    if not found.complete:
        lines.append("Time ran out before all were tried.")
    for change in found.changes[:_SHOWN]:
        lines += ["", f"{change.received_at}  {change.sender}  {change.subject}"]
        by = f" by {change.step}" if change.step else ""
        lines.append(f"  {change.before} to {change.after}{by}: {change.why}")
    if len(found.changes) > _SHOWN:
        lines.append(f"\n… and {len(found.changes) - _SHOWN} more; --json gives all.")
    return "\n".join(lines)


def _line(policy: dict[str, Any]) -> str:
    about = policy["address"] or policy["agent_id"] or policy["domain"] or "(everything)"
    words = [f"{name}={policy[name]}" for name in ("auth", "mode", "strangers") if policy[name]]
    words += [f"{name}={','.join(policy[name])}" for name in ("allow", "block") if policy[name]]
    return "  ".join([about, *words])


def _owner(name: str) -> Owner:
    found = list(Owner.objects.filter(name=name) if name else Owner.objects.all()[:2])
    if len(found) != 1:
        raise CommandError("There is no owner of that name." if name else "Say which owner, with --owner.")
    return found[0]


def _json(text: str) -> Any:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError
    return value
