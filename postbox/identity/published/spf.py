"""The SPF record (RFC 7208): whether it lets this system's servers send, and others not.

Decides by the text of the record and of those that it includes, within the RFC's limit of ten look-ups. It never
evaluates a mail.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from postbox.identity.published.finding import Finding, State, shown
from postbox.identity.published.records import Record, Site, spf_mechanism
from postbox.lib.routable import Address, parse_address

MOST_LOOKUPS = 10  # section 4.6.4
_VERSION = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_MECHANISM = re.compile(r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?:([:/])(.*))?", re.IGNORECASE | re.ASCII)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE | re.ASCII)
_NEEDS_VALUE = {"include", "ip4", "ip6", "exists"}

Ask = Callable[[str, str], list[str]]


@dataclass(frozen=True, slots=True)
class Term:
    """One mechanism: its qualifier (``+`` by default), name and argument, all lower case."""

    qualifier: str
    name: str
    value: str


@dataclass(slots=True)
class Policy:
    """A record taken apart: mechanisms up to ``all``, the qualifier of ``all``, the redirect, what is no SPF."""

    terms: list[Term] = field(default_factory=list)
    everyone: str = ""
    redirect: str = ""
    invalid: str = ""


def is_spf(text: str) -> bool:
    """Whether a TXT record is an SPF record of version 1 (section 4.5)."""
    return bool(_VERSION.match(text))


def parse(text: str) -> Policy:
    """Take a record apart; what follows ``all`` is never reached (section 5.1)."""
    policy = Policy()
    for word in text.split()[1:200]:
        if (mechanism := _MECHANISM.fullmatch(word)) and _is_complete(mechanism):
            term = Term(mechanism[1] or "+", mechanism[2].lower(), _argument(mechanism))
            if policy.everyone:
                continue
            if term.name == "all":
                policy.everyone = term.qualifier
            else:
                policy.terms.append(term)
        elif modifier := _MODIFIER.fullmatch(word):
            if modifier[1].lower() == "redirect":
                policy.redirect = modifier[2].lower().rstrip(".")
        else:
            policy.invalid = policy.invalid or word
    if policy.everyone:
        policy.redirect = ""  # section 6.1
    return policy


def _argument(mechanism: re.Match[str]) -> str:
    """The domain or network; a prefix length is kept with a network only, since a domain is ours or not."""
    value = (mechanism[4] or "").lower()
    if mechanism[2].lower() in ("ip4", "ip6"):
        return value
    return "" if mechanism[3] == "/" else value.partition("/")[0].rstrip(".")


def _is_complete(mechanism: re.Match[str]) -> bool:
    name, sign, value = mechanism[2].lower(), mechanism[3], mechanism[4]
    if name == "all":
        return sign is None
    if name in _NEEDS_VALUE:
        return sign == ":" and bool(value)
    return sign is None or bool(value)


def judge_spf(wanted: Record, found: Sequence[str], site: Site, ask: Ask) -> Finding:
    """Judge the one policy there. ``ask`` reads what it includes; its TemporaryFailure is the caller's."""
    policies = [text for text in found if is_spf(text)]
    publish = f"Publish a TXT record at {wanted.name} with {wanted.value}"
    if not policies:
        return Finding(State.MISSING, (), f"{publish}, so that others know which servers may send in its name.")
    if len(policies) > 1:
        advice = f"There are several SPF records, so none counts (RFC 7208). Leave one: {wanted.value}"
        return Finding(State.WRONG, shown(policies), advice)
    policy = parse(policies[0])
    if policy.invalid:
        advice = f"{policy.invalid[:60]!r} is no SPF, so the whole record fails. {publish} instead."
        return Finding(State.WRONG, shown(policies), advice)
    if policy.everyone == "+":
        return Finding(
            State.WRONG, shown(policies), f"+all lets everybody send in the domain's name. {publish} instead."
        )
    walk = _Walk(wanted.name, site, ask)
    covered = walk.covers(policy, wanted.name)
    if walk.lookups > MOST_LOOKUPS:
        advice = "The record needs more than ten look-ups, so it fails with many receivers. Include less."
        return Finding(State.WRONG, shown(policies), advice)
    if not covered:
        advice = f"The record does not name this system's servers: add {spf_mechanism(site)} before `all`."
        return Finding(State.WRONG, shown(policies), advice)
    return Finding(State.OK, shown(policies), _strength(policy.everyone or walk.everyone))


def _strength(everyone: str) -> str:
    if everyone == "-":
        return ""
    if everyone == "~":
        return "~all is weaker than -all: others mark forged mail and mostly deliver it."
    return "The record says nothing of other servers; end it with -all."


class _Walk:
    """Goes through a policy and what it includes, looking for a term that names our servers."""

    def __init__(self, domain: str, site: Site, ask: Ask) -> None:
        self._domain, self._site, self._ask = domain, site, ask
        self._seen = {domain}
        self._addresses: list[Address] | None = None
        self.lookups = 0
        self.everyone = ""

    def covers(self, policy: Policy, at: str) -> bool:
        covered = False
        for term in policy.terms:
            self.lookups += term.name not in ("ip4", "ip6")
            if self.lookups > MOST_LOOKUPS:
                return False
            covered = covered or (term.qualifier == "+" and self._names_us(term, at))
        if policy.redirect and not covered:
            self.lookups += 1
            covered = self._included(policy.redirect, is_redirect=True)
        return covered

    def _names_us(self, term: Term, at: str) -> bool:
        host = self._site.mx_host
        if term.name == "mx":
            return not self._site.spf_include and (term.value or at) == self._domain
        if term.name == "a":
            return bool(host) and (term.value or at) == host
        if term.name in ("ip4", "ip6"):
            return self._holds_all_of_us(term.value)
        if term.name == "include":
            return term.value == self._site.spf_include or self._included(term.value)
        return False

    def _included(self, domain: str, *, is_redirect: bool = False) -> bool:
        if domain in self._seen or self.lookups > MOST_LOOKUPS:
            return False
        self._seen.add(domain)
        policies = [text for text in self._ask(domain, "TXT") if is_spf(text)]
        if len(policies) != 1:
            return False
        policy = parse(policies[0])
        if is_redirect:
            self.everyone = policy.everyone
        return not policy.invalid and self.covers(policy, domain)

    def _holds_all_of_us(self, value: str) -> bool:
        """Whether every address of our mail server of that version lies in the network; there must be one."""
        if self._site.spf_include or not self._site.mx_host:
            return False
        try:
            network = ipaddress.ip_network(value, strict=False)
        except ValueError:
            return False
        if self._addresses is None:
            texts = [text for kind in ("A", "AAAA") for text in self._ask(self._site.mx_host, kind)]
            self._addresses = [found for text in texts if (found := parse_address(text))]
        ours = [address for address in self._addresses if address.version == network.version]
        return bool(ours) and all(address in network for address in ours)
