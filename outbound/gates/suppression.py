"""Gate ``suppression``: nobody is written to who must not be, by the owner's one record of that."""

from __future__ import annotations

from outbound.gates.case import Attempt, Refused
from postbox.events.body import timestamp
from postbox.mail.models import Outcome
from postbox.screening.case import Verdict
from reputation import suppressions
from reputation.suppressions import Suppressed

name = "suppression"
looks = {"suppressed": suppressions.FOUND_AS_JSON.format(owner="agent.owner_id", agent="agent.id")}


class RecipientSuppressed(Refused):
    code = "recipient_suppressed"
    message = "A recipient must not be written to; nothing was sent to anybody."
    fix = "Leave out the recipients that `errors` names, or have the owner lift them: POST /suppression/lift."


def check(attempt: Attempt) -> Verdict:
    if found := suppressions.loaded(attempt.seen["suppressed"]):
        raise RecipientSuppressed(errors=[{"path": item.address, "message": words_of(item)} for item in found])
    return Verdict(name, Outcome.PASS, "not_suppressed", "No recipient is suppressed.")


def words_of(item: Suppressed) -> str:
    """Why, and until when."""
    reason = item.reason.replace("_", " ")
    return f"Suppressed ({reason}) until {timestamp(item.until)}." if item.until else f"Suppressed ({reason})."
