"""A mail that wants to leave, and what its gates say of it.

Decides what a gate is given and must give back: it reads the attempt and returns one frozen Verdict (pass, flag or
hold), or raises a ``Refused``. Gates run in one transaction with the agent's row locked, so what one counts stays true
until the mail is stored. A gate writes nothing but its own counters; what it has to know from the database it names in
``looks``, and one statement asks for all of it (outbound.gates.look).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from outbound.draft import Draft
from postbox.api.errors import ApiError
from postbox.mail.models import Outcome
from postbox.screening.case import Verdict


class Refused(ApiError):
    """A gate says no: nothing is stored, and the caller is told why."""

    status = 403
    code = "refused"


@dataclass(frozen=True, slots=True)
class Sender:
    """The agent as its locked row has it, and the address that it writes from."""

    agent_id: uuid.UUID
    name: str
    owner_id: uuid.UUID
    state: str
    state_reason: str
    state_since: datetime | None
    address: str
    address_id: uuid.UUID


@dataclass(slots=True)
class Attempt:
    """One mail before its gates. ``fingerprint`` and ``similarity``: see outbound.sameness.

    ``seen`` holds what the gates' ``looks`` found; ``closely``: it was tried before, and the quota takes a closer look;
    ``debit``: the values of the debit that is to be made when it is stored.
    """

    id: uuid.UUID
    sender: Sender
    draft: Draft
    size: int
    fingerprint: bytes
    similarity: int
    at: datetime
    thread_id: uuid.UUID
    seen: Mapping[str, Any]
    closely: bool = False
    debit: dict[str, Any] | None = None
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def addresses(self) -> list[str]:
        return [recipient.address.lower() for recipient in self.draft.recipients]

    @property
    def is_held(self) -> bool:
        return any(verdict.outcome == Outcome.HOLD for verdict in self.verdicts)

    @property
    def holding(self) -> Verdict | None:
        """The first verdict that holds it."""
        return next((verdict for verdict in self.verdicts if verdict.outcome == Outcome.HOLD), None)


class Gate(Protocol):
    """One check: its name for verdicts and metrics, and the check itself; where it has to know something, ``looks``."""

    name: str

    def check(self, attempt: Attempt) -> Verdict: ...


def run(attempt: Attempt, gates: Sequence[Gate]) -> None:
    """Every gate in its order. Raises Refused by the first that says no."""
    for gate in gates:
        attempt.verdicts.append(gate.check(attempt))
