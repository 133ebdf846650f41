"""Everything that says who sent a mail, made one finding.

Decides whom to believe: the trusted MTA where one is configured and has written its word, else SPF, DKIM, DMARC and ARC
as looked for here, which needs the client's address. Never what becomes of the mail (postbox.screening.auth.ruling).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from postbox.lib.dns import Resolver
from postbox.mail.authentication import Authentication
from postbox.mail.models import AuthResult
from postbox.mail.parsed import ParsedMail
from postbox.screening.auth import dkim, dmarc
from postbox.screening.auth.arc import SEEN, Chain, check_arc
from postbox.screening.auth.dkim import Signature, check_dkim
from postbox.screening.auth.dmarc import Dmarc, check_dmarc
from postbox.screening.auth.findings import Collected, Findings
from postbox.screening.auth.names import ascii_name, same_organisation
from postbox.screening.auth.results import NAME as RESULTS
from postbox.screening.auth.results import Result, results, trusted
from postbox.screening.auth.signed import Malformed, SignedMail, split
from postbox.screening.auth.spf import Spf, check_spf, explanation, spf_domain
from postbox.screening.case import Case
from postbox.screening.policy import Auth, Effective

_WORTH_SPLITTING = frozenset({"dkim-signature", "arc-seal", "arc-message-signature", SEEN, RESULTS})
_NOTHING = Findings(words="Nobody said which host brought it, so nothing vouches for its author.", looked=False)


def judge(case: Case, ask: Resolver) -> Findings:
    """Who sent a mail. Raises Missing where ``ask`` does, for as many questions as can be asked at once."""
    if case.parsed is None:
        return Findings(words="It could not be read.", looked=False)
    author = author_of(case.parsed)
    server = settings.POSTBOX_TRUSTED_AUTHSERV_ID
    if not case.client_ip and not server:
        return _NOTHING
    mail = _split(case)
    found = trusted(mail, server) if server and mail else None
    if found is not None:
        return _by_word_of(server, found, author)
    if not case.client_ip:
        return _NOTHING
    return _looked_for(case, case.client_ip, mail, author, ask)


def author_of(parsed: ParsedMail) -> str:
    """The one author's domain; empty where there is not exactly one author in exactly one field."""
    if len(parsed.from_) != 1 or len(parsed.by_name.get("from", ())) != 1:
        return ""
    return ascii_name(parsed.from_[0].address.rpartition("@")[2])


def _looked_for(case: Case, client: str, mail: SignedMail | None, author: str, ask: Resolver) -> Findings:
    looks = Collected()
    nothing = Spf(AuthResult.NONE, spf_domain(case.mail_from, case.helo))
    spf = looks.run(lambda: check_spf(client, case.mail_from, case.helo, ask), nothing)
    signatures: list[Signature] = []
    chain = Chain()
    if mail is not None:
        now = case.received_at.timestamp()
        signatures = looks.run(lambda: check_dkim(mail, author, ask, now), signatures)
        chain = looks.run(lambda: check_arc(mail, ask), chain)
    pairs = [(one.result, one.domain) for one in signatures]
    found = Dmarc(AuthResult.FAIL, why="there is not exactly one author")
    if author:
        found = looks.run(lambda: check_dmarc(author, (spf.result, spf.domain), pairs, ask), found)
    looks.check()
    asked, explained = _for_words(case.policy, spf, found, author, ask)
    authentication = Authentication(
        spf.result, dkim.verdict(signatures), found.result, author if found.aligned else "", chain.result
    )
    words = _words(spf, signatures, found, chain, asked) + explained
    return Findings(authentication, words, author, _sealer(chain, author))


def _split(case: Case) -> SignedMail | None:
    """The mail as signatures see it; None where it bears none, or its head is malformed."""
    if case.parsed is None or _WORTH_SPLITTING.isdisjoint(case.parsed.by_name):
        return None
    try:
        return split(case.raw)
    except Malformed:
        return None


def _for_words(policy: Effective, spf: Spf, found: Dmarc, author: str, ask: Resolver) -> tuple[str, str]:
    """What the owner of the author's domain asks for where DMARC fails, and why SPF does in the words of the sender's.

    Those words are a stranger's: only who refuses mail for it reads them, which no agent is told of.
    """
    looks = Collected()
    asked = looks.run(lambda: _asked_for(found, author, ask), "")
    refuses = policy.auth == Auth.ENFORCE and spf.result == AuthResult.FAIL
    said = looks.run(lambda: explanation(spf), "") if refuses else ""
    looks.check(decides=False)
    return asked, f' Of the SPF failure {spf.domain[:100]} says: "{said}"' if said else ""


def _asked_for(found: Dmarc, author: str, ask: Resolver) -> str:
    record = found.record
    if record is None or found.result != AuthResult.FAIL:
        return ""
    there = record.domain == author or not record.absent_policy or dmarc.exists(author, ask)
    return record.asks(author, exists=there)


def _words(spf: Spf, signatures: Sequence[Signature], found: Dmarc, chain: Chain, asked: str) -> str:
    said = [
        f"SPF {spf.result}" + (f" for {spf.domain[:100]}" if spf.domain else "") + (f" ({spf.why})" if spf.why else "")
    ]
    said += [
        f"DKIM {one.result}" + (f" of {one.domain[:100]}" if one.domain else "") + (f" ({one.why})" if one.why else "")
        for one in signatures
    ] or ["no DKIM signature"]
    said.append(f"DMARC {found.result}" + (f" ({found.why})" if found.why else ""))
    if asked in ("quarantine", "reject"):
        said[-1] += f", for which its owner asks to {asked} it"
        if found.record and found.record.percent < 100 and not found.record.testing:
            said[-1] += f" in {found.record.percent} of 100 cases"
    if chain.result != AuthResult.NONE:
        said.append(f"ARC {chain.result}" + (f" ({chain.why})" if chain.why else ""))
    return f"{'; '.join(said)}."


def _sealer(chain: Chain, author: str) -> str:
    """The first sealer's name, where the whole chain is of trusted sealers and the first saw DMARC pass."""
    trust = settings.POSTBOX_ARC_SEALERS
    if (
        chain.result != AuthResult.PASS
        or not chain.covers_author
        or not author
        or not all(sealer in trust for sealer in chain.sealers)
    ):
        return ""
    seen = [one for one in results(chain.seen[0]) if one.method == "dmarc"]
    if len(seen) == 1 and seen[0].result == AuthResult.PASS and seen[0].domain("header.from") == author:
        return chain.sealers[0]
    return ""


def _by_word_of(server: str, found: Sequence[Result], author: str) -> Findings:
    """The trusted MTA's results; its DMARC must be about the author that this mail has here."""
    spf = _best(found, "spf")
    signatures = [one for one in found if one.method == "dkim"]
    arc = _only(found, "arc")
    stated = _only(found, "dmarc")
    result = stated.result
    if result == AuthResult.PASS and (not author or stated.domain("header.from") != author):
        result = AuthResult.FAIL
    aligned = bool(author) and (
        result == AuthResult.PASS or (result == AuthResult.NONE and _speaks_for(author, spf, signatures))
    )
    authentication = Authentication(
        spf.result, _best(signatures, "dkim").result, result, author if aligned else "", arc.result
    )
    words = f"By the word of {server}: SPF {authentication.spf}, DKIM {authentication.dkim}, DMARC {result}."
    return Findings(authentication, words, author)


def _only(found: Sequence[Result], method: str) -> Result:
    """The result of a method that must not stand twice: two of them are no word."""
    own = [one for one in found if one.method == method]
    return own[0] if len(own) == 1 else Result(method, AuthResult.PERMERROR if own else AuthResult.NONE)


def _best(found: Sequence[Result], method: str) -> Result:
    own = [one for one in found if one.method == method]
    return next(
        (one for one in own if one.result == AuthResult.PASS), own[0] if own else Result(method, AuthResult.NONE)
    )


def _speaks_for(author: str, spf: Result, signatures: Sequence[Result]) -> bool:
    passed = [one.domain("header.d", "header.i") for one in signatures if one.result == AuthResult.PASS]
    if spf.result == AuthResult.PASS:
        passed.append(spf.domain("smtp.mailfrom", "smtp.mail", "smtp.helo"))
    return any(same_organisation(domain, author) for domain in passed)
