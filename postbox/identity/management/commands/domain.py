"""``postbox domain``: an operator adds, lists and checks mail domains.

Decides how domains and their records are shown on the command line. ``check`` ends with 1 unless all is as it should.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from postbox.api.errors import ApiError
from postbox.identity.domain import dkim
from postbox.identity.domain.checking import check
from postbox.identity.domain.claims import claim, prove
from postbox.identity.domain.holding import KEEP, put
from postbox.identity.domain.views import shape, shape_claim
from postbox.identity.models import Agent, Domain, DomainClaim, Owner
from postbox.identity.published.finding import State
from postbox.identity.published.records import Kind
from postbox.identity.serializers import DOMAIN, DOMAIN_LENGTH

ACTOR = "operator:command-line"
_NOBODY = "none"


class Command(BaseCommand):
    help = "Add, list and check mail domains and the DNS records they publish."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        shown = actions.add_parser("list", help="domains and the state of their records")
        new = actions.add_parser("add", help="take a domain for an owner, or change one, and show what to publish")
        new.add_argument("name", help="such as agents.example.org")
        new.add_argument("--owner", default="", help="the owner's name; needed where there are several")
        new.add_argument("--catch-all", help=f"an agent id or address that gets what nobody has; {_NOBODY!r}: nobody")
        new.add_argument("--allow-root", action="store_true", help="let agents sit on an organisation's own domain")
        new.add_argument("--claim", action="store_true", help="claim it for this owner where another owner holds it")
        looked = actions.add_parser("check", help="compare the records with DNS; exit status 1 unless all are ok")
        looked.add_argument("name", nargs="?", help="one domain; left out: all")
        key = actions.add_parser("dkim", help="make a new signing key; it signs once its record is seen in DNS")
        key.add_argument("name")
        key.add_argument("--agent", default="", help="an agent id: the key signs this agent's mail alone")
        for action in (shown, new, looked, key):
            action.add_argument("--json", action="store_true", help="a JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        actions: dict[str, Callable[[dict[str, Any]], None]] = {
            "list": self._list,
            "add": self._add,
            "check": self._check,
            "dkim": self._dkim,
        }
        actions[options["action"]](options)

    def _list(self, options: dict[str, Any]) -> None:
        domains = Domain.objects.select_related("owner", "catch_all").order_by("name")
        if options["json"]:
            for domain in domains.iterator(chunk_size=500):
                self.stdout.write(json.dumps(shape(domain)))
            return
        rows = [_row(domain) for domain in domains]
        heads = ("domain", "owner", *(kind.value for kind in Kind), "checked", "catch-all")
        widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
        for row in [heads, *rows]:
            self.stdout.write("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())

    def _add(self, options: dict[str, Any]) -> None:
        taker = options["catch_all"]
        try:
            if options["claim"]:
                made = claim(_owner(options["owner"]), _name(options["name"]), actor=ACTOR)
                if isinstance(made, DomainClaim):
                    self._show(shape_claim(made), options)
                    return
            domain = put(
                _owner(options["owner"]),
                _name(options["name"]),
                catch_all=KEEP if taker is None else (None if taker == _NOBODY else taker),
                allow_root=True if options["allow_root"] else KEEP,
                actor=ACTOR,
                by_operator=True,
            )
        except ApiError as error:
            said = "; ".join(item["message"] for item in error.errors) or error.message
            raise CommandError(f"{said} {_fix(error)}") from error
        self._show(shape(domain), options)

    def _check(self, options: dict[str, Any]) -> None:
        all_ok = True
        claims = DomainClaim.objects.select_related("domain").order_by("id")
        for made in list(claims.filter(domain__name=options["name"].lower()) if options["name"] else claims):
            if isinstance(still := prove(made, actor=ACTOR), DomainClaim):
                self._show(shape_claim(still), options)
        for domain in _chosen(options["name"]):
            checked = check(domain, actor=ACTOR)
            self._show(shape(checked), options)
            all_ok = all_ok and set(checked.states.values()) == {State.OK}
        if not all_ok:
            sys.exit(1)

    def _dkim(self, options: dict[str, Any]) -> None:
        domain = _chosen(options["name"])[0]
        agent = Agent.objects.filter(owner=domain.owner, name=options["agent"]).first() if options["agent"] else None
        if options["agent"] and agent is None:
            raise CommandError(f"{domain.owner} has no agent {options['agent']!r}.")
        dkim.rotate(domain, agent=agent, actor=ACTOR)
        self._show(shape(domain), options)

    def _show(self, shown: dict[str, Any], options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(shown))
            return
        said = f"catch-all: {shown['catch_all'] or 'nobody'}" if shown["held"] else "a claim; another owner holds it"
        self.stdout.write(f"{shown['domain']}   {said}")
        for one in shown["records"]:
            self.stdout.write(f"  {one['state']:<8} {one['type']:<4} {one['name']}   {one['value'] or '–'}")
            for text in one["found"] if one["state"] not in (State.OK, State.PENDING) else ():
                self.stdout.write(f"           found: {text}")
            if one["advice"]:
                self.stdout.write(f"           {one['advice']}")


# What to do here, where the API's own words name its routes.
_FIXES = {
    "root_domain": "Use a subdomain, or insist with --allow-root.",
    "domain_not_yours": "If it is this owner's, claim it with --claim, publish the record shown, then check it.",
}


def _fix(error: ApiError) -> str:
    return _FIXES.get(error.code, error.fix)


def _name(text: str) -> str:
    name = text.lower().rstrip(".")
    try:
        DOMAIN(name)
    except ValidationError as error:
        raise CommandError(f"{text!r}: {error.messages[0]}") from error
    if len(name) > DOMAIN_LENGTH:
        raise CommandError(f"The name is longer than {DOMAIN_LENGTH} characters.")
    return name


def _owner(name: str) -> Owner:
    owners = list(Owner.objects.filter(**({"name": name} if name else {}))[:20])
    if len(owners) == 1:
        return owners[0]
    known = ", ".join(Owner.objects.values_list("name", flat=True)[:20])
    problem = f"There is no owner {name!r}." if name else "Say which owner with --owner."
    raise CommandError(f"{problem} Known: {known or 'none'}.")


def _chosen(name: str | None) -> Sequence[Domain]:
    if name is None:
        return list(Domain.objects.order_by("name"))
    found = list(Domain.objects.filter(name=_name(name)))
    if not found:
        raise CommandError(f"There is no domain {name!r}; `postbox domain list` shows them.")
    return found


def _row(domain: Domain) -> tuple[str, ...]:
    checked = f"{domain.checked_at:%Y-%m-%d %H:%M}" if domain.checked_at else "never"
    states = [domain.states[kind].value if kind in domain.states else "-" for kind in Kind]
    taker = domain.catch_all.address if domain.catch_all else "-"
    return domain.name, domain.owner.name, *states, checked, taker
