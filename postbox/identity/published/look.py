"""Looking a domain's records up and judging each.

Decides the order of the questions and how long they may take together: past that the rest is ``unknown``. It touches no
database, so that no transaction waits for a name server.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from postbox.identity.published.dkim import judge_dkim
from postbox.identity.published.dmarc import is_dmarc, judge_dmarc
from postbox.identity.published.finding import Finding, State
from postbox.identity.published.mx import judge_mx
from postbox.identity.published.ownership import judge_ownership
from postbox.identity.published.records import Kind, Record, Site, records
from postbox.identity.published.spf import judge_spf
from postbox.lib.dns import Resolver, TemporaryFailure
from postbox.lib.orgdomain import organisational

SECONDS = 10.0


def look_up(
    domain: str, token: str, site: Site, resolver: Resolver, *, seconds: float = SECONDS
) -> Mapping[Kind, Finding]:
    """A finding for every record of ``domain`` but its keys'. Takes ``seconds`` and one more question at most."""
    ask = _within(resolver, seconds)
    judges: dict[Kind, Callable[[Record], Finding]] = {
        Kind.OWNERSHIP: lambda wanted: judge_ownership(wanted, ask(wanted.name, "TXT")),
        Kind.MX: lambda wanted: judge_mx(wanted, ask(wanted.name, "MX")),
        Kind.SPF: lambda wanted: judge_spf(wanted, ask(wanted.name, "TXT"), site, ask),
        Kind.DMARC: lambda wanted: _dmarc(wanted, domain, ask),
    }
    return {wanted.kind: _judged(judges[wanted.kind], wanted) for wanted in records(domain, token, site)}


def look_up_keys(keys: Sequence[Record], resolver: Resolver, *, seconds: float = SECONDS) -> list[Finding]:
    """A finding for each key's record, in their order. Takes ``seconds`` and one more question at most."""
    ask = _within(resolver, seconds)
    return [_judged(lambda wanted: judge_dkim(wanted, ask(wanted.name, "TXT")), key) for key in keys]


def _within(resolver: Resolver, seconds: float) -> Resolver:
    until = time.monotonic() + seconds

    def ask(name: str, rdtype: str) -> list[str]:
        if time.monotonic() > until:
            raise TemporaryFailure("the other questions took all the time that a check may take")
        return resolver(name, rdtype)

    return ask


def _judged(judge: Callable[[Record], Finding], wanted: Record) -> Finding:
    try:
        return judge(wanted)
    except TemporaryFailure as error:
        return Finding(State.UNKNOWN, (), f"DNS could not be asked: {error}. Check again in a few minutes.")


def _dmarc(wanted: Record, domain: str, ask: Resolver) -> Finding:
    """A domain without a policy of its own has its organisation's (RFC 7489, section 6.6.3)."""
    own, above = ask(wanted.name, "TXT"), organisational(domain)
    if any(is_dmarc(text) for text in own) or above == domain:
        return judge_dmarc(wanted, own)
    inherited = ask(f"_dmarc.{above}", "TXT")
    if any(is_dmarc(text) for text in inherited):
        return judge_dmarc(wanted, inherited, inherited_from=above)
    return judge_dmarc(wanted, own)
