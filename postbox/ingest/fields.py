"""What a mail's own header fields say: who, to whom, when, about what, in answer to what (RFC 5322 3.6).

Decides how each field reads. A field that should come once is read at its first; From fields are all read,
so that a second author cannot hide in a second field. Message ids are without their angle brackets.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from postbox.ingest.addresses import mailboxes
from postbox.ingest.defects import Defect
from postbox.ingest.outline import Values
from postbox.ingest.words import header_text, raw_text
from postbox.mail.parsed import Mailbox

_MESSAGE_ID = re.compile(r"<\s*([^<>\s]+)\s*>", re.ASCII)
_DATE_CHARACTERS = 200


class Fields:
    """The header section of a mail, read field by field; ``defects`` collects what was wrong."""

    def __init__(self, values: Values, defects: set[Defect]) -> None:
        self._defects = defects
        self._values = values

    def first(self, name: str) -> str:
        """A field's first value, octets as Latin-1; empty when there is none."""
        return self._values.get(name, ("",))[0]

    def text(self, name: str) -> str:
        """A field's first value as a reader sees it."""
        return header_text(self.first(name))

    def mailboxes(self, name: str) -> tuple[Mailbox, ...]:
        """The mailboxes of every field of that name."""
        found: list[Mailbox] = []
        for value in self._values.get(name, ()):
            boxes, well_formed = mailboxes(value)
            found += boxes
            if not well_formed:
                self._defects.add(Defect.ADDRESS)
        return tuple(found)

    def authors(self) -> tuple[Mailbox, ...]:
        """The mailboxes of From; anything but one author in one field is a defect."""
        found = self.mailboxes("from")
        if len(found) != 1 or len(self._values["from"]) != 1:
            self._defects.add(Defect.FROM_COUNT)
        return found

    def message_ids(self, name: str) -> tuple[str, ...]:
        """The message ids of a field; where it has none in brackets, its words that hold an at sign."""
        value = self.first(name)
        if not value:
            return ()
        value = raw_text(value)
        return tuple(_MESSAGE_ID.findall(value) or [word for word in value.strip("<>").split() if "@" in word])

    def date(self) -> datetime | None:
        """The Date field with its offset; ``-0000`` and a missing offset are taken for UTC."""
        value = self.first("date")
        try:
            sent = parsedate_to_datetime(value[:_DATE_CHARACTERS])
            sent = sent if sent.tzinfo else sent.replace(tzinfo=UTC)
            sent.astimezone(UTC)  # An offset may carry it out of the years that a database can hold.
        except (ValueError, TypeError, IndexError, OverflowError):
            self._defects.add(Defect.DATE)
            return None
        return sent
