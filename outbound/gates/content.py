"""Gate ``content``: what the message itself may not be: too large, or addressed to the one who writes it."""

from __future__ import annotations

from outbound.draft import MESSAGE_BYTES
from outbound.gates.case import Attempt, Refused
from postbox.mail.models import Outcome
from postbox.screening.case import Verdict

name = "content"


def check(attempt: Attempt) -> Verdict:
    if attempt.size > MESSAGE_BYTES:
        raise Refused(
            f"The message has {attempt.size:,} octets; {MESSAGE_BYTES:,} are allowed.",
            code="message_too_large",
            fix="Send smaller attachments, or links to them.",
            status=413,
        )
    if attempt.draft.is_automatic and attempt.sender.address in attempt.addresses:
        raise Refused("An automatic mail to the agent's own address would loop.", code="own_address")
    return Verdict(name, Outcome.PASS, "in_bounds", f"{attempt.size:,} octets.")
