"""Step ``transport``: whether the mail came by TLS, where the address's policy asks for it.

Decides by what the door wrote down. What nobody said is not taken for TLS: it fails closed.
"""

from __future__ import annotations

import re

from postbox.mail.models import Outcome
from postbox.screening.case import Case, Verdict
from postbox.screening.steps.harm import outcome_of

name = "transport"
_NONE = "none"
_WEAK = re.compile(r"SSL|TLSv1(?:\.[01])?(?: |\Z)")


def check(case: Case) -> Verdict:
    wanted = case.policy.checks.require_tls
    if not case.tls or case.tls == _NONE:
        words = "It came without TLS." if case.tls else "Nobody said whether it came by TLS."
        code = "no_tls" if case.tls else "tls_unknown"
        return Verdict(name, Outcome.SKIP if wanted == "no" else outcome_of(wanted), code, words)
    if _WEAK.match(case.tls) and wanted != "no":
        return Verdict(name, outcome_of(wanted), "weak_tls", f"It came by {case.tls}, which is older than TLS 1.2.")
    return Verdict(name, Outcome.PASS, "tls", f"It came by {case.tls}.")
