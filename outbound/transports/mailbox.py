"""The development mailbox: nothing leaves the machine.

Decides that mail to an address of this very system comes in by its own door, as through any server, and that all other
mail is kept where the admin shows it, which every sent mail is already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from outbound.transports.base import Answer, Letter, Outcome, Result
from postbox.identity.recipients import resolve
from postbox.ingest.door import receive
from postbox.mail.store import Envelope

name = "mailbox"


class Mailbox:
    """Takes everything."""

    name = name

    def ship(self, letters: Sequence[Letter]) -> Iterable[Result]:
        for letter in letters:
            yield self._keep(letter)

    def _keep(self, letter: Letter) -> Result:
        reached = resolve(address.lower() for address in letter.addresses)
        if reached:
            receive(letter.raw, Envelope(letter.mail_from, tuple(reached), helo="localhost"))
        return Result(letter.id, tuple(_answer(address, address.lower() in reached) for address in letter.addresses))

    def close(self) -> None:
        """There is nothing to end."""


def _answer(address: str, is_here: bool) -> Answer:
    return Answer(address, Outcome.ACCEPTED, "250", "Given to its agent here." if is_here else "Kept here.")
