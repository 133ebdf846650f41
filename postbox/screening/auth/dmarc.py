"""DMARC: whether SPF or DKIM speaks for the author's domain (RFC 7489; ``np=`` of RFC 9091).

Decides alignment and the result, and what the domain's owner asks for. It never decides what becomes of a mail: the
policy of the address does, so a sample (``pct=``) changes words only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from postbox.lib.dns import Resolver, TemporaryFailure
from postbox.mail.models import AuthResult
from postbox.screening.auth.names import root, same_organisation

_RECORD = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_PERCENT = re.compile(r"\d{1,3}", re.ASCII)
_WORDS = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class Record:
    """What an owner publishes. ``own``: the record is of the author's very domain, not of its organisation's."""

    domain: str
    own: bool
    policy: str = "none"
    sub_policy: str = ""
    absent_policy: str = ""
    strict_dkim: bool = False
    strict_spf: bool = False
    percent: int = 100

    def asks(self, *, exists: bool = True) -> str:
        """What should become of mail that fails: none, quarantine or reject."""
        if self.own:
            return self.policy
        return (self.absent_policy if not exists else "") or self.sub_policy or self.policy


@dataclass(frozen=True, slots=True)
class Dmarc:
    """``aligned``: the author's domain is vouched for, by DMARC or where it has no record by SPF or DKIM alone."""

    result: str
    aligned: bool = False
    record: Record | None = None
    why: str = ""


def check_dmarc(author: str, spf: tuple[str, str], dkim: Iterable[tuple[str, str]], ask: Resolver) -> Dmarc:
    """DMARC for an author's domain (ASCII, lower case), given results and domains of SPF and of each DKIM signature.

    Missing passes through.
    """
    try:
        record = record_of(author, ask)
    except TemporaryFailure as error:
        return Dmarc(AuthResult.TEMPERROR, why=str(error))
    signatures = list(dkim)
    aligned = _aligned(author, spf, record is not None and record.strict_spf) or any(
        _aligned(author, one, record is not None and record.strict_dkim) for one in signatures
    )
    if record is None:
        return Dmarc(AuthResult.NONE, aligned)
    if aligned:
        return Dmarc(AuthResult.PASS, True, record)
    if any(_may_align(author, one) for one in [spf, *signatures]):
        return Dmarc(AuthResult.TEMPERROR, False, record, "SPF or DKIM could not be checked")
    return Dmarc(AuthResult.FAIL, False, record)


def record_of(author: str, ask: Resolver) -> Record | None:
    """The record that holds for a domain: its own, else its organisation's (section 6.6.3)."""
    for domain in dict.fromkeys((author, root(author))):
        found = [text for text in ask(f"_dmarc.{domain}", "TXT") if _RECORD.match(text)]
        if len(found) > 1:
            return None
        if found:
            return _parse(found[0], domain, domain == author)
    return None


def exists(domain: str, ask: Resolver) -> bool:
    """Whether a name has an address or a mail server (RFC 9091, section 2.7)."""
    return any(ask(domain, kind) for kind in ("MX", "A", "AAAA"))


def _parse(text: str, domain: str, own: bool) -> Record | None:
    """None where the record says nothing that can be followed (section 6.6.3, step 6)."""
    given: dict[str, str] = {}
    for spec in text.split(";"):
        name, sign, value = spec.partition("=")
        if sign:
            given.setdefault(name.strip().lower(), value.strip())
    policy = given.get("p", "").lower()
    others = {name: given.get(name, "").lower() for name in ("sp", "np")}
    if policy not in _WORDS or any(word and word not in _WORDS for word in others.values()):
        if not given.get("rua"):
            return None
        policy, others = "none", {"sp": "", "np": ""}
    percent = given.get("pct", "100")
    return Record(
        domain,
        own,
        policy,
        others["sp"],
        others["np"],
        given.get("adkim", "r").lower() == "s",
        given.get("aspf", "r").lower() == "s",
        min(int(percent), 100) if _PERCENT.fullmatch(percent) else 100,
    )


def _aligned(author: str, one: tuple[str, str], strict: bool) -> bool:
    result, domain = one
    if result != AuthResult.PASS:
        return False
    return domain == author if strict else same_organisation(domain, author)


def _may_align(author: str, one: tuple[str, str]) -> bool:
    return one[0] == AuthResult.TEMPERROR and same_organisation(one[1], author)
