"""Step ``allow``: whether this sender may write to this address at all.

Decides by the policy's lists. Letting in needs proof: an entry of ``allow`` matches the author only where the author's
domain is authenticated. Keeping out needs none: an entry of ``block`` matches whatever a mail says of where it is from.
"""

from __future__ import annotations

from collections.abc import Iterable

from postbox.mail.models import Outcome
from postbox.screening.auth.names import ascii_name
from postbox.screening.case import Case, Verdict
from postbox.screening.policy import Mode, Strangers

name = "allow"
HELD = "held_for_approval"
_STRANGERS = {
    Strangers.REFUSE: (Outcome.REFUSE, "stranger"),
    Strangers.QUARANTINE: (Outcome.QUARANTINE, "stranger"),
    Strangers.HOLD: (Outcome.HOLD, HELD),
}


def check(case: Case) -> Verdict:
    policy = case.policy
    if policy.block and (entry := _matching(policy.block, _claimed(case))):
        return Verdict(name, Outcome.REFUSE, "blocked", f"Its sender is blocked here, by {entry}.")
    if policy.mode != Mode.ALLOWLIST:
        return Verdict(name, Outcome.PASS, "open", "Everybody may write here who is not blocked.")
    if entry := _matching(policy.allow, _proven(case)):
        return Verdict(name, Outcome.PASS, "allowed", f"Its sender is on the list, by {entry}.")
    outcome, code = _STRANGERS[Strangers(policy.strangers)]
    return Verdict(name, outcome, code, _why_not(case))


def _why_not(case: Case) -> str:
    if _matching(case.policy.allow, _claimed(case)):
        return "It claims to be from somebody on the list, and nothing vouches for that."
    return "Its sender is not on the list of those who may write here."


def _claimed(case: Case) -> set[str]:
    """Every address that the mail says it is from, proven or not."""
    boxes = (*case.parsed.from_, *case.parsed.sender) if case.parsed else ()
    return {normal(text) for text in (*(box.address for box in boxes), case.mail_from) if text}


def _proven(case: Case) -> set[str]:
    """The author's address, if its domain is authenticated."""
    domain = case.authentication.aligned_domain
    if not domain or case.parsed is None or len(case.parsed.from_) != 1:
        return set()
    address = normal(case.parsed.from_[0].address)
    return {address} if address.rpartition("@")[2] == domain else set()


def _matching(entries: frozenset[str], addresses: Iterable[str]) -> str:
    """The entry that matches one of these addresses: itself, its domain, or ``*.`` and a domain above its."""
    for address in addresses:
        domain = address.rpartition("@")[2]
        above = domain.split(".")
        candidates = [address, domain, *(f"*.{'.'.join(above[at:])}" for at in range(1, len(above)))]
        if found := next((one for one in candidates if one in entries), ""):
            return found
    return ""


def normal(address: str) -> str:
    """An address as it is compared: lower case, its domain in ASCII."""
    local, at, domain = address.rpartition("@")
    return f"{local.lower()}{at}{ascii_name(domain) or domain.lower().strip('.')}"
