"""Step ``rules``, the last: what the earlier verdicts and the owner's rules make of the mail.

Decides from what stands in the case alone. In this form there is one rule, built in: a mail without exactly one author
(RFC 5322, section 3.6.2) is quarantined, because nothing said about its sender can be trusted.
"""

from __future__ import annotations

from postbox.mail.models import Outcome
from postbox.screening.case import Case, Verdict

name = "rules"


def check(case: Case) -> Verdict:
    if case.parsed is None:
        return Verdict(name, Outcome.SKIP, "not_parsed", "No rule can look at a mail that was not parsed.")
    if len(case.parsed.from_) != 1:
        count = len(case.parsed.from_)
        return Verdict(name, Outcome.QUARANTINE, "from_count", f"The mail names {count} authors in From; one is right.")
    return Verdict(name, Outcome.PASS, "no_match", "No rule matched.")
