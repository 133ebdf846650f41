"""A mail's parts as its readers ask for them: a type, a disposition, a name, decoded octets, decoded text.

Decides how one part is decoded. It never decides which part is shown (`bodies`) nor where parts lie
(`outline`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from postbox.ingest.charsets import decode_charset
from postbox.ingest.defects import Defect
from postbox.ingest.flowed import unwrap
from postbox.ingest.limits import HEADER_BYTES
from postbox.ingest.names import attachment_name, climbs, is_disguised, message_name
from postbox.ingest.outline import Values, head_fields
from postbox.ingest.parameters import parameters
from postbox.ingest.transfer import decode_transfer
from postbox.ingest.words import header_text
from postbox.mail.parsed import AttachmentPart

_NO_VALUES = ("",)
_CONTENT_ID = re.compile(r"<?([^<>\s]+)>?", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A node of the MIME tree; ``children`` is None for a leaf, and only a leaf has a body."""

    content_type: str
    children: tuple[Part, ...] | None
    values: Values = field(default_factory=dict)
    body: bytes = b""

    def field(self, name: str) -> str:
        """The first value of a field by lower-case name, octets as Latin-1; empty when there is none."""
        return self.values.get(name, _NO_VALUES)[0]

    @property
    def disposition(self) -> str:
        """``attachment``, ``inline`` or what else it says, in lower case."""
        return self.field("content-disposition").partition(";")[0].strip().lower()

    @property
    def is_named(self) -> bool:
        """Whether it carries a file name."""
        disposition = self.field("content-disposition")
        if disposition and parameters(disposition).get("filename"):
            return True
        content_type = self.field("content-type")
        return "name" in content_type.lower() and bool(parameters(content_type).get("name"))

    def octets(self) -> tuple[bytes, Defect | None]:
        """The body with its transfer encoding undone, and what was wrong with it."""
        return decode_transfer(self.body, self.field("content-transfer-encoding"))

    def text(self) -> tuple[str, list[Defect]]:
        """The body as text with LF line ends and without NUL, and what was wrong with it."""
        octets, transfer = self.octets()
        content_type = self.field("content-type")
        named = parameters(content_type) if ";" in content_type else {}
        text, charset = decode_charset(octets, named.get("charset", ""))
        defects = [defect for defect in (transfer, charset) if defect]
        if "\0" in text:
            text = text.replace("\0", "")
            defects.append(Defect.NUL)
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if self.content_type == "text/plain" and named.get("format", "").lower() == "flowed":
            text = unwrap(text, delete_space=named.get("delsp", "").lower() == "yes")
        return text, defects

    def attachment(self, position: int, shown: frozenset[str]) -> tuple[AttachmentPart, bytes, set[Defect]]:
        """The part as attachment number ``position``, its octets, and what was wrong with it.

        ``shown`` are the content ids that the HTML refers to.
        """
        octets, defect = self.octets()
        defects = {defect} if defect else set()
        if climbs(self.field("content-disposition"), self.field("content-type")):
            defects.add(Defect.PATH_IN_NAME)
        if is_disguised(self.field("content-disposition"), self.field("content-type")):
            defects.add(Defect.NAME_DISGUISED)
        match = _CONTENT_ID.search(self.field("content-id"))
        content_id = header_text(match[1]) if match else ""
        attached = AttachmentPart(
            position=position,
            name=self._name(position, octets),
            content_type=self.content_type,
            size=len(octets),
            content_id=content_id,
            inline=bool(content_id) and content_id in shown,
        )
        return attached, octets, defects

    def _name(self, position: int, octets: bytes) -> str:
        if self.content_type != "message/rfc822" or self.is_named:
            return attachment_name(self.field("content-disposition"), self.field("content-type"), position)
        fields = head_fields(octets, HEADER_BYTES)
        subject = next((value for key, value in fields if key.lower() == "subject"), "")
        return message_name(header_text(subject), position)
