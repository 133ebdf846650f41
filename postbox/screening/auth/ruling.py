"""What a policy makes of the findings on a mail's author.

Decides pass, quarantine or refuse, by ``auth`` alone: who is let in by name is another step's (allow). Without an
answer from DNS nothing passes that had to be shown.
"""

from __future__ import annotations

from postbox.mail.authentication import Authentication
from postbox.mail.models import AuthResult, Outcome
from postbox.screening.auth.findings import Findings
from postbox.screening.case import Verdict
from postbox.screening.policy import Auth, Effective, Mode

NAME = "authenticate"
UNAVAILABLE, VOUCHED = "authentication_unavailable", "vouched_by_sealer"


def counts(policy: Effective) -> bool:
    """Whether the findings decide anything at all."""
    return policy.auth != Auth.MONITOR or policy.mode == Mode.ALLOWLIST


def undecided(policy: Effective, found: Findings) -> bool:
    """Whether an answer from DNS that is not there could still change what the policy makes of the mail."""
    given = found.authentication
    if AuthResult.TEMPERROR not in _three(given):
        return False
    if policy.auth == Auth.ENFORCE:
        return set(_three(given)) <= {AuthResult.PASS, AuthResult.TEMPERROR}
    return counts(policy) and not given.aligned_domain


def rule(policy: Effective, found: Findings) -> Verdict:
    """The verdict of the step."""
    given = found.authentication
    if policy.auth == Auth.MONITOR:
        return _noted(found)
    if undecided(policy, found):
        reason = f"Its author could not be checked, since DNS did not answer; it is held. {found.words}"
        return Verdict(NAME, Outcome.QUARANTINE, UNAVAILABLE, reason)
    if policy.auth == Auth.ENFORCE:
        if set(_three(given)) == {AuthResult.PASS}:
            return _passed(found)
        return Verdict(
            NAME, Outcome.REFUSE, "not_authenticated", f"SPF, DKIM and DMARC must all pass here. {found.words}"
        )
    if given.aligned_domain:
        return _passed(found)
    if found.sealer:
        reason = f"{found.sealer}, which is trusted, says that DMARC passed when the mail came to it. {found.words}"
        return Verdict(NAME, Outcome.FLAG, VOUCHED, reason)
    return Verdict(NAME, Outcome.QUARANTINE, "not_authenticated", f"Nothing vouches for its author. {found.words}")


def _noted(found: Findings) -> Verdict:
    if not found.looked:
        return Verdict(NAME, Outcome.SKIP, "not_checked", found.words)
    if found.authentication.aligned_domain:
        return _passed(found)
    return Verdict(NAME, Outcome.FLAG, "not_authenticated", f"Nothing vouches for its author. {found.words}")


def _passed(found: Findings) -> Verdict:
    return Verdict(NAME, Outcome.PASS, "authenticated", found.words)


def _three(given: Authentication) -> tuple[str, str, str]:
    return given.spf, given.dkim, given.dmarc
