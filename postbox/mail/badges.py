"""The colours in which a message's state, verdicts and score are shown. Decides nothing else."""

from __future__ import annotations

from postbox.desk import words
from postbox.desk.words import Level
from postbox.mail.models import AuthResult, Message, Outcome, Status

STATUS_LEVELS = {
    Status.RECEIVED: Level.INFO,
    Status.PROCESSED: Level.GOOD,
    Status.QUARANTINED: Level.DANGER,
    Status.REFUSED: Level.PLAIN,
    Status.QUEUED: Level.INFO,
    Status.HELD: Level.WARNING,
    Status.SENDING: Level.INFO,
    Status.ACCEPTED: Level.GOOD,
    Status.FAILED: Level.DANGER,
    Status.UNKNOWN: Level.WARNING,
}
OUTCOME_LEVELS = {
    Outcome.PASS: Level.GOOD,
    Outcome.FLAG: Level.WARNING,
    Outcome.QUARANTINE: Level.DANGER,
    Outcome.HOLD: Level.WARNING,
    Outcome.REFUSE: Level.DANGER,
    Outcome.ERROR: Level.DANGER,
    Outcome.SKIP: Level.PLAIN,
}
AUTH_LEVELS: dict[str, Level] = {
    AuthResult.PASS: Level.GOOD,
    AuthResult.FAIL: Level.DANGER,
    AuthResult.SOFTFAIL: Level.WARNING,
    AuthResult.PERMERROR: Level.WARNING,
    AuthResult.TEMPERROR: Level.WARNING,
}
# Colours only; what is quarantined is for the score's own step to say.
_HIGH, _RAISED = 0.8, 0.3


def score_badge(score: float | None) -> str:
    """An injection score, coloured."""
    if score is None:
        return "–"
    level = Level.DANGER if score > _HIGH else Level.WARNING if score > _RAISED else Level.GOOD
    return words.badge(f"{score:.2f}", level)


def status_badge(message: Message) -> str:
    """A message's state, coloured."""
    return words.badge(message.get_status_display(), STATUS_LEVELS[Status(message.status)])
