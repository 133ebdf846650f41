"""Step ``anomalies``: what of the mail is unusual for its sender and its agent.

Decides to flag it, in words, and never more than that unless the policy says so.
"""

from __future__ import annotations

from postbox.mail.models import Outcome
from postbox.screening.baselines.usual import unusual
from postbox.screening.case import Case, Verdict
from postbox.screening.steps.harm import outcome_of

name = "anomalies"


def check(case: Case) -> Verdict:
    if case.traits is None or case.usual is None:
        return Verdict(name, Outcome.SKIP, "not_known", "There is nothing to compare it with.")
    found = list(unusual(case.traits, *case.usual))
    if not found:
        return Verdict(name, Outcome.PASS, "usual", "Nothing about it is unusual, as far as is known.")
    return Verdict(name, outcome_of(case.policy.checks.anomalies), found[0][0], " ".join(words for _, words in found))
