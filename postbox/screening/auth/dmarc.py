"""DMARC: whether SPF or DKIM speaks for the author's domain (RFC 9989, which replaces RFC 7489 and 9091).

Decides alignment and the result. Which record holds is found by the tree's part, what it says by the record's. It never
decides what becomes of a mail: the policy of the address does, so what an owner asks for changes words only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from postbox.lib.dns import Resolver, TemporaryFailure
from postbox.mail.models import AuthResult
from postbox.screening.auth import tree
from postbox.screening.auth.dmarc_record import Record
from postbox.screening.auth.findings import Missing, all_at_once
from postbox.screening.auth.names import same_organisation

# Whose names are walked for, beside the author's: the sender chooses how many domains sign.
MOST_WALKED = 4
_Pair = tuple[str, str]  # a result and the domain that it is about


@dataclass(frozen=True, slots=True)
class Dmarc:
    """``aligned``: the author's domain is vouched for, by DMARC or where it has no record by SPF or DKIM alone."""

    result: str
    aligned: bool = False
    record: Record | None = None
    why: str = ""


def check_dmarc(author: str, spf: _Pair, dkim: Iterable[_Pair], ask: Resolver) -> Dmarc:
    """DMARC for an author's domain (ASCII, lower case), given results and domains of SPF and of each DKIM signature.

    Missing passes through.
    """
    signatures = list(dkim)
    try:
        record = _record(author, spf[1], ask)
        aligned = _is_vouched_for(author, spf, signatures, record, ask)
    except TemporaryFailure as error:
        return Dmarc(AuthResult.TEMPERROR, why=str(error))
    if record is None:
        return Dmarc(AuthResult.NONE, aligned)
    if aligned:
        return Dmarc(AuthResult.PASS, True, record)
    if any(_may_align(author, one, strict) for one, strict in _with_modes(spf, signatures, record)):
        return Dmarc(AuthResult.TEMPERROR, False, record, "SPF or DKIM could not be checked")
    return Dmarc(AuthResult.FAIL, False, record)


def exists(domain: str, ask: Resolver) -> bool:
    """Whether a name has an address or a mail server (RFC 9091, section 2.7), or may have."""
    questions = [(domain, kind) for kind in ("MX", "A", "AAAA")]
    all_at_once(questions, ask)
    try:
        return any(ask(*question) for question in questions)
    except TemporaryFailure:
        return True


def _record(author: str, return_path: str, ask: Resolver) -> Record | None:
    """The record that holds; what alignment with the return path may need is asked for in the same round."""
    try:
        return tree.record_of(author, ask)
    except Missing as missing:
        beside = tree.questions(return_path) if same_organisation(return_path, author) else []
        all_at_once([*missing.questions, *beside], ask)
        raise


def _is_vouched_for(author: str, spf: _Pair, signatures: Sequence[_Pair], record: Record | None, ask: Resolver) -> bool:
    """Whether a pass is of the author's domain or, where the record takes that, of its organisation."""
    pairs = _with_modes(spf, signatures, record)
    passed = [(domain, strict) for (result, domain), strict in pairs if result == AuthResult.PASS]
    if any(domain == author for domain, _ in passed):
        return True
    relaxed = [domain for domain, strict in passed if not strict and same_organisation(domain, author)]
    names = list(dict.fromkeys(relaxed))[:MOST_WALKED]
    all_at_once([question for name in (author, *names) for question in tree.questions(name)] if names else [], ask)
    return any(tree.is_aligned(name, author, ask) for name in names)


def _with_modes(spf: _Pair, signatures: Sequence[_Pair], record: Record | None) -> list[tuple[_Pair, bool]]:
    """Each pair, and whether its domain must be the author's very own."""
    strict_spf, strict_dkim = (record.strict_spf, record.strict_dkim) if record else (False, False)
    return [(spf, strict_spf), *((one, strict_dkim) for one in signatures)]


def _may_align(author: str, one: _Pair, strict: bool) -> bool:
    result, domain = one
    return result == AuthResult.TEMPERROR and (domain == author if strict else same_organisation(domain, author))
