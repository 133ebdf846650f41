"""Codes of sent mail in words that a person reads. Decides nothing else."""

from __future__ import annotations

from datetime import datetime

from outbound.models import RecipientState
from postbox.desk import words
from postbox.desk.words import Level
from postbox.lib import clock
from postbox.mail.badges import STATUS_LEVELS
from postbox.mail.models import Status

RECIPIENT_LEVELS = {
    RecipientState.QUEUED: Level.INFO,
    RecipientState.ACCEPTED: Level.GOOD,
    RecipientState.DELIVERED: Level.GOOD,
    RecipientState.BOUNCED: Level.DANGER,
    RecipientState.COMPLAINED: Level.DANGER,
    RecipientState.FAILED: Level.DANGER,
    RecipientState.SUPPRESSED: Level.PLAIN,
    RecipientState.UNKNOWN: Level.WARNING,
}
# Why a mail is held.
HOLDS = {
    "repeated_message": "Says the same as the ones before; the agent was killed",
    "busy_thread": "Too many messages in this conversation",
    "ping_pong": "Answers one counterpart too often",
    "busy_counterpart": "Too many messages to one counterpart",
    "needs_approval": "A person has to approve it",
    "sensitive": "It holds numbers or keys that may not leave",
    "not_masked": "An attachment holds numbers or keys that may not leave",
    "too_many": "It holds too many numbers or keys to look at each",
    "agent_paused": "Its agent is paused",
    "agent_killed": "Its agent was killed",
}
_CODES = HOLDS | {
    "rejected": "A person rejected it",
    "settled_by_a_person": "A person settled it",
    "worker_died": "Its worker died while it handed it over",
    "recipient_suppressed": "Every recipient is suppressed",
    "connection_lost": "The server did not answer",
    "timeout": "The server did not answer in time",
    "refused": "The server takes no connection",
    "host_unknown": "The server's name is unknown",
    "tls_failed": "No trusted TLS with the server",
    "transport_broke": "The transport broke",
    "not_said": "The MTA did not say what became of it",
}


def of_code(code: str) -> str:
    """A message's or a recipient's code; a server's own stays a number."""
    if code.isdecimal():
        return f"The server said {code}"
    return _CODES.get(code, code.replace("_", " "))


def of_state(state: str, label: str) -> str:
    """A message's state, coloured."""
    return words.badge(label, STATUS_LEVELS[Status(state)])


def of_outcome(state: str, label: str, people: int, bounced: int, complained: int) -> str:
    """The same of a message of so many recipients; where it did well with none of them, what they made of it."""
    if state == Status.ACCEPTED and people and bounced + complained == people:
        after = RecipientState.BOUNCED if bounced else RecipientState.COMPLAINED
        return words.badge(after.label, RECIPIENT_LEVELS[after])
    return of_state(state, label)


def of_back(people: int, bounced: int, complained: int) -> str:
    """How many recipients' mail came back or was complained of; empty where none."""
    said = ((bounced, "came back"), (complained, "complained"))
    return ", ".join(f"{count} of {people} {what}" for count, what in said if count)


def of_wait(state: str, not_before: datetime, attempts: int) -> str:
    """When queued mail is due, and whether that is another try; empty for all other mail."""
    if state != Status.QUEUED:
        return ""
    wait = (not_before - clock.now()).total_seconds()
    due = f"in {words.age(wait)}" if wait > 0 else "now"
    return f"Tried {attempts}×, again {due}" if attempts else f"Due {due}"
