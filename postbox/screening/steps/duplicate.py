"""Step ``duplicate``: whether the mail says what others said before it, to whomever.

Decides what that leads to, by the address's policy; a flag where it says nothing. What came before was looked up for
the whole batch (postbox.screening.fingerprints.store).
"""

from __future__ import annotations

from postbox.lib.ids import made_at
from postbox.mail.models import Outcome
from postbox.screening.case import Case, Repetition, Verdict
from postbox.screening.fingerprints.prints import prints_of
from postbox.screening.steps.harm import outcome_of

name = "duplicate"


def check(case: Case) -> Verdict:
    if case.parsed is None:
        return Verdict(name, Outcome.SKIP, "not_parsed", "There is no text to compare.")
    case.prints = case.prints or prints_of(case.distilled.reply_text)
    if case.prints is None:
        return Verdict(name, Outcome.SKIP, "too_short", "Too short to be told from others.")
    if case.repeats is None:
        return Verdict(name, Outcome.PASS, "new", "No mail of late said the same.")
    checks = case.policy.checks
    if case.repeats.exact:
        return Verdict(name, outcome_of(checks.duplicates), "duplicate_of", _words(case.repeats, "the same"))
    return Verdict(name, outcome_of(checks.similar), "similar", _words(case.repeats, "nearly the same"))


def _words(repeats: Repetition, how: str) -> str:
    begun = f"{made_at(repeats.campaign_id):%d %b %Y, %H:%M} UTC"
    mails = "one mail" if repeats.mails == 1 else f"{repeats.mails} mails"
    reached = "one address" if repeats.addresses == 1 else f"{repeats.addresses} addresses"
    return f"It says {how} as {mails} to {reached} before it, the first of {begun}."
