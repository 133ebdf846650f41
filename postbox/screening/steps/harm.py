"""How grave a finding is, where a policy has a word on it."""

from __future__ import annotations

from postbox.mail.models import Outcome

GRAVEST_FIRST = (Outcome.REFUSE, Outcome.QUARANTINE, Outcome.FLAG)
_OUTCOMES = {"flag": Outcome.FLAG, "quarantine": Outcome.QUARANTINE, "refuse": Outcome.REFUSE}


def outcome_of(word: str) -> Outcome:
    """The outcome that a policy's ``flag``, ``quarantine`` or ``refuse`` asks for."""
    return _OUTCOMES[word]
