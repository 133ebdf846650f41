"""Gate ``quota``, the last: so many recipients an hour and a day, for the agent, its owner and the system.

At the first try the statement that stores the mail debits it too, and stores nothing where something is spent or needs
a closer look (``quotas.Short``): then the whole is tried again, and the debit made here, quota by quota.
"""

from __future__ import annotations

from outbound import quotas
from outbound.gates.case import Attempt, Refused
from outbound.models import Origin, QuotaScope
from outbound.quotas import Spent
from postbox.events.body import timestamp
from postbox.mail.models import Outcome
from postbox.screening.case import Verdict

name = "quota"
DEBITED = "debited"


class QuotaSpent(Refused):
    """402: ``spent`` says whose it is; Retry-After, when it opens again."""

    status = 402
    code = "quota_spent"

    def __init__(self, spent: Spent, attempt: Attempt) -> None:
        more = " The agent is paused until a person resumes it." if spent.scope == QuotaScope.AGENT else ""
        super().__init__(
            f"{words_of_spent(spent)}{more}",
            fix="Wait until it opens, or ask the owner for a larger quota.",
        )
        self.spent = spent
        self.retry_after = max(1, int((spent.opens_at - attempt.at).total_seconds()) + 1)


def check(attempt: Attempt) -> Verdict:
    if attempt.draft.origin == Origin.NOTICE:
        return Verdict(name, Outcome.SKIP, "notice", "A notice to a person.")
    if attempt.is_held:  # debited when it is released
        return Verdict(name, Outcome.SKIP, "held", "Counted when it is released.")
    whose, count = (attempt.sender.agent_id, attempt.sender.owner_id), len(attempt.draft.recipients)
    if not attempt.closely:
        attempt.debit = quotas.values_of(*whose, count, attempt.at)
    elif spent := quotas.debit(*whose, count, attempt.at):
        raise QuotaSpent(spent, attempt)
    return Verdict(name, Outcome.PASS, DEBITED, f"Recipients debited: {count}.")


def words_of_spent(spent: Spent) -> str:
    """Whose quota it is, how much, and until when."""
    whose = {"agent": "The agent's", "owner": "The owner's", "system": "The system's"}[spent.scope.value]
    until = timestamp(spent.opens_at)
    return f"{whose} quota of {spent.limit:,} recipients per {spent.window.value} is spent until {until}."
