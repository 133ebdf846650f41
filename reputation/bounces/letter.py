"""A report as its readers need it: what its writer says, the machine-readable parts, and the header of the mail it
answers.

Decides where the returned mail begins. It judges nothing, parses within the limits on all mail, and never opens a
returned mail's body.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from postbox.ingest.charsets import decode_charset
from postbox.ingest.limits import HEADER_BYTES, checked_outline
from postbox.ingest.outline import Field, Section, head_fields, unify
from postbox.ingest.parameters import parameters
from postbox.ingest.transfer import decode_transfer
from postbox.ingest.words import header_text
from postbox.screening.distil import distil_html

PART_BYTES = 64 * 1024  # of one part that are read
TEXT_CHARACTERS = 64 * 1024  # of all parts
PARTS = 20
_LINE_CHARACTERS = 2000

_REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status", "message/feedback-report"})
_RETURNED = frozenset({"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"})
_RETURNED |= {"message/partial", "message/rfc822-headers", "text/rfc822"}
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,60}) ?:")
_MAIL_FIELDS = frozenset({"received", "return-path", "message-id", "from", "to", "subject", "date", "mime-version"})
_MAIL_FIELDS |= {"dkim-signature", "reply-to", "sender", "delivered-to"}
_TELLING_FIELDS = frozenset({"received", "return-path", "message-id", "from", "mime-version", "dkim-signature"})
_ENOUGH_FIELDS = 2
_GROUP = re.compile(r"^[ \t]{0,4}(?:final|original)-recipient[ \t]*:", re.I | re.M)


@dataclass(frozen=True, slots=True)
class Letter:
    """``fields`` of the report, its type and parameters, ``text`` without the returned mail, the ``reports`` by type,
    the ``original``'s fields, and ``enclosed``, the returned mail as far as it is there."""

    fields: list[Field]
    content_type: str
    parameters: dict[str, str]
    text: str
    reports: list[tuple[str, str]]
    original: list[Field]
    enclosed: bytes

    def field(self, name: str) -> str:
        """The first value of a field by lower-case name, decoded; empty when there is none."""
        return header_text(_first(self.fields, name))

    def of_original(self, name: str) -> str:
        """The same of the returned mail."""
        return header_text(_first(self.original, name))


def read_letter(raw: bytes) -> Letter:
    """The letter in a raw mail. Raises LimitExceeded."""
    mail = unify(raw)
    sections = checked_outline(mail)
    top = sections[0]
    texts: list[str] = []
    html: list[str] = []
    reports: list[tuple[str, str]] = []
    enclosed = b""
    leaves = [section for section in sections if not section.closing and not section.number] or [top]
    for section in leaves[:PARTS]:
        kind = _type(section)
        if kind in _RETURNED and section.depth:
            enclosed = enclosed or _octets(section, mail).lstrip()
        elif kind in _REPORTS:
            reports.append((kind, _text(section, mail)))
        elif kind == "text/html":
            html.append(_text(section, mail))
        elif kind.startswith("text/") or section.number or not kind:
            texts.append(_text(section, mail))
    text = "\n\n".join(part for part in texts if part.strip())
    if not text.strip() and html and not reports:
        text = distil_html(html[0]).text
    text, rest = split(text[:TEXT_CHARACTERS])
    if not enclosed and rest:
        enclosed = rest.encode("utf-8", "replace")
    kind = _type(top)
    named = parameters(top.field("content-type")) if kind else {}
    return Letter(top.fields, kind, named, text, reports, head_fields(enclosed, HEADER_BYTES), enclosed)


def split(text: str) -> tuple[str, str]:
    """The words of a report and the returned mail below them: from the first lines that are the header of a mail."""
    lines = text.split("\n")
    start, seen = -1, set[str]()
    for number, line in enumerate(lines):
        match = _FIELD.match(line[:_LINE_CHARACTERS])
        if match:
            if start < 0:
                start, seen = number, set()
            seen.add(match[1].lower())
            if len(seen & _MAIL_FIELDS) >= _ENOUGH_FIELDS and seen & _TELLING_FIELDS and not _is_report(seen):
                return "\n".join(lines[:start]), "\n".join(lines[start:])
        elif not (start >= 0 and line[:1] in (" ", "\t") and line.strip()):
            start, seen = -1, set()
    return text, ""


def groups(letter: Letter) -> str:
    """The text that holds the fields of RFC 3464: the report's part, or what stands in for it; empty without any."""
    for kind, text in letter.reports:
        if kind.endswith("delivery-status") and _GROUP.search(text):
            return text
    return letter.text if _GROUP.search(letter.text) else ""


def _is_report(seen: set[str]) -> bool:
    return bool(seen & {"reporting-mta", "final-recipient", "diagnostic-code"})


def _first(fields: list[Field], name: str) -> str:
    return next((value for key, value in fields if key.lower() == name), "")


def _type(section: Section) -> str:
    return section.field("content-type").partition(";")[0].strip().lower()


def _octets(section: Section, mail: bytes) -> bytes:
    body = mail[section.body_start : min(section.body_end, section.body_start + PART_BYTES)]
    return decode_transfer(body, section.field("content-transfer-encoding"))[0]


def _text(section: Section, mail: bytes) -> str:
    octets = _octets(section, mail)
    content_type = section.field("content-type")
    charset = parameters(content_type).get("charset", "") if ";" in content_type else ""
    if not charset and b"\x1b$" in octets:
        charset = "iso-2022-jp"
    text = decode_charset(octets, charset)[0].replace("\0", "")
    return text.replace("\r\n", "\n").replace("\r", "\n")
