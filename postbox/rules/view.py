"""A mail as the conditions of rules see it: each piece made once, when the first condition asks for it.

Decides how much of a text a condition looks at. It never changes the case.
"""

from __future__ import annotations

from functools import cached_property

from postbox.mail.parsed import AttachmentPart, ParsedMail
from postbox.screening.case import Case

TEXT_CHARACTERS = 256 * 1024
HEADER_VALUES = 200


def utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


class Text:
    """A text in the two forms in which it is looked through."""

    def __init__(self, text: str) -> None:
        self._text = text[:TEXT_CHARACTERS]

    @cached_property
    def folded(self) -> str:
        return self._text.casefold()

    @cached_property
    def octets(self) -> bytes:
        return utf8(self._text)


class View:
    """The pieces of a case."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.parsed = case.parsed or ParsedMail()

    @cached_property
    def envelope_from(self) -> list[bytes]:
        return [utf8(self.case.mail_from)] if self.case.mail_from else []

    @cached_property
    def header_from(self) -> list[bytes]:
        return [utf8(box.address) for box in self.parsed.from_]

    @cached_property
    def sender(self) -> list[bytes]:
        return self.envelope_from + self.header_from

    @cached_property
    def recipient(self) -> list[bytes]:
        return [utf8(self.case.rcpt_to)]

    @cached_property
    def tag(self) -> list[bytes]:
        """What stands between the first plus sign and the at sign (RFC 5233), where anything does."""
        tag = self.case.rcpt_to.rpartition("@")[0].partition("+")[2]
        return [utf8(tag)] if tag else []

    @cached_property
    def subject(self) -> Text:
        return Text(self.parsed.subject)

    @cached_property
    def text(self) -> Text:
        return Text(self.case.distilled.text)

    def headers(self, name: str) -> list[Text]:
        """The values of a header, by its name in lower case."""
        return self._headers.get(name, [])

    @cached_property
    def _headers(self) -> dict[str, list[Text]]:
        found: dict[str, list[Text]] = {}
        for name, value in self.parsed.headers:
            values = found.setdefault(name.lower(), [])
            if len(values) < HEADER_VALUES:
                values.append(Text(value))
        return found

    @property
    def attachments(self) -> tuple[AttachmentPart, ...]:
        return self.parsed.attachments
