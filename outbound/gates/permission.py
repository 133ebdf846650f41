"""Gate ``permission``: whether this agent may write from this address."""

from __future__ import annotations

from outbound.gates.case import Attempt, Refused
from postbox.mail.models import Outcome
from postbox.screening.case import Verdict

name = "permission"


def check(attempt: Attempt) -> Verdict:
    wanted = attempt.draft.sender
    if wanted and wanted.lower() != attempt.sender.address:
        raise Refused(
            f"{wanted} is not an address of this agent.",
            code="not_your_address",
            fix="Leave `from` out, or name one of the agent's own addresses.",
        )
    return Verdict(name, Outcome.PASS, "allowed", f"{attempt.sender.address} is the agent's own address.")
