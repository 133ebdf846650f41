"""Where the header sections, bodies and delimiter lines of a raw mail lie (RFC 5322, RFC 2046 section 5.1).

Decides which lines are delimiters: only those of a multipart that is open at that place. Works on the raw
octets, in linear time, lazily, so that whoever reads it may stop at any section. It never decodes a body,
never opens an enclosed message, and never judges: `limits` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from postbox.ingest.parameters import parameters

# A header section ends with an empty line, or before the first line that is neither a field, a folded line
# nor mbox's "From ": MTAs put the empty line in there themselves.
_FIELD_LINE = rb"[!-9;-~]+[ \t]*:|[ \t]|>?From "
_HEAD_END = re.compile(rb"\n(?:\r?\n|(?!" + _FIELD_LINE + rb"))")
_FIRST_LINE = re.compile(_FIELD_LINE)
_DELIMITER_TAIL = re.compile(rb"(--)?[ \t]*+\r?(?:\n|\Z)")
# Lines that begin like a delimiter and are none, before it pays to compile a pattern for that delimiter.
_FALSE_STARTS = 50

# Not what str.strip takes for white space: octets of UTF-8 are among it when they are read as Latin-1.
_BLANK = " \t\r\n"
_NO_VALUES = ("",)

Field = tuple[str, str]
Values = dict[str, list[str]]
"""The values of fields by lower-case name."""

# Line after line: a field without the white space around its colon, or a line that is none.
_LINE = re.compile(r"([^ \t:\n]++)[ \t]*+:[ \t]*+(.*+)\n?|.*+\n|.++")
_NO_FIELD = ("", "")


@dataclass(slots=True)
class Section:
    """A header section and the body below it, as offsets into the raw mail.

    ``fields`` are name and unfolded value, octets as Latin-1, in order, ``values`` the same by name.
    ``opened_by`` is the number of the multipart whose delimiter line stands above (0: the mail itself),
    ``closing`` says that it was the last such line, so that what follows is an epilogue. ``number`` and
    ``boundary`` are set on a section that declares a multipart.
    """

    depth: int
    opened_by: int
    closing: bool
    start: int
    body_start: int
    body_end: int
    fields: list[Field]
    values: Values
    number: int = 0
    boundary: str = ""

    def field(self, name: str) -> str:
        """The first value of a field by lower-case name; empty when there is none."""
        return self.values.get(name, _NO_VALUES)[0]


@dataclass(slots=True)
class _Open:
    """A multipart that is open, and its next delimiter line: from ``at`` (-1: none) to ``after``."""

    number: int
    marker: bytes
    at: int = -1
    after: int = 0
    closing: bool = False

    def advance(self, raw: bytes, begin: int, end: int) -> None:
        found = _find_delimiter(raw, self.marker, begin, end)
        if found is None:
            self.at = -1
        else:
            self.at, self.after, self.closing = found


def unify(raw: bytes) -> bytes:
    """The mail with LF for CR where CR alone ends its lines throughout; any other mail as it is."""
    return raw if b"\n" in raw else raw.replace(b"\r", b"\n")


def outline(raw: bytes, head_bytes: int) -> Iterator[Section]:
    """Yields the sections of a mail in document order.

    A header section is looked for in ``head_bytes`` octets only.
    """
    stack: list[_Open] = []
    position, opened_by, closing, numbers = 0, 0, False, 0
    while True:
        stop = _next_delimiter(stack, len(raw))
        section = _section(raw, position, stop, head_bytes, closing)
        section.depth, section.opened_by = len(stack), opened_by
        if section.boundary:
            numbers += 1
            section.number = numbers
            opened = _Open(numbers, b"\n--" + section.boundary.encode("latin-1"))
            opened.advance(raw, max(section.body_start - 1, 0), stop)
            stack.append(opened)
            stop = _next_delimiter(stack, stop)
        section.body_end = _body_end(raw, section.body_start, stop)
        yield section

        while stack and stack[-1].at < 0:
            stack.pop()
        if not stack:
            return
        current = stack.pop()
        position, opened_by, closing = current.after, current.number, current.closing
        if not closing:
            current.advance(raw, position - 1, _next_delimiter(stack, len(raw)))
            stack.append(current)


def head_fields(raw: bytes, head_bytes: int) -> list[Field]:
    """The fields of the header section at the start of ``raw``."""
    return _section(raw, 0, len(raw), head_bytes, False).fields


def _next_delimiter(stack: list[_Open], default: int) -> int:
    """Where the next delimiter line begins: an inner one always comes before those of what encloses it."""
    return next((multipart.at for multipart in reversed(stack) if multipart.at >= 0), default)


def _find_delimiter(raw: bytes, marker: bytes, begin: int, end: int) -> tuple[int, int, bool] | None:
    at = begin
    for _ in range(_FALSE_STARTS):
        at = raw.find(marker, at, end)
        if at < 0:
            return None
        tail = _DELIMITER_TAIL.match(raw, at + len(marker))
        if tail:
            return at, tail.end(), tail[1] is not None
        at += len(marker)
    found = re.compile(re.escape(marker) + _DELIMITER_TAIL.pattern).search(raw, at, end)
    return found and (found.start(), found.end(), found[1] is not None)


def _section(raw: bytes, start: int, stop: int, head_bytes: int, closing: bool) -> Section:
    if closing:
        return Section(0, 0, True, start, start, start, [], {})
    head_end, body_start = _head_end(raw, start, max(start, stop), head_bytes)
    fields = _fields(raw[start:head_end].decode("latin-1"))
    section = Section(0, 0, False, start, body_start, body_start, fields, _by_name(fields))
    content_type = section.field("content-type")
    if content_type[:10].lower() == "multipart/":
        section.boundary = parameters(content_type).get("boundary", "").rstrip()
    return section


def _head_end(raw: bytes, start: int, stop: int, head_bytes: int) -> tuple[int, int]:
    """Where the fields end and where the body begins."""
    if raw.startswith((b"\n", b"\r\n"), start):
        return start, min(raw.index(b"\n", start) + 1, stop)
    if not _FIRST_LINE.match(raw, start, min(stop, start + head_bytes)):
        return start, start
    last = min(stop, start + head_bytes + 1)
    found = _HEAD_END.search(raw, start, last)
    return (found.start() + 1, found.end()) if found else (last, last)


def _fields(head: str) -> list[Field]:
    """Splits a header section.

    A bare CR never makes a new field, or a mail would have fields that its MTA never saw.
    """
    if "\r" in head:
        head = head.replace("\r\n", "\n").replace("\r", " ")
    head = head.replace("\0", "").replace("\n ", " ").replace("\n\t", " ")
    fields: list[Field] = _LINE.findall(head)
    if _NO_FIELD in fields:
        fields = [field for field in fields if field != _NO_FIELD]
    if " \n" in head or "\t\n" in head or head[-1:] in _BLANK:
        fields = [(name, value.rstrip(_BLANK)) for name, value in fields]
    return fields


def _by_name(fields: list[Field]) -> Values:
    values: Values = {}
    for name, value in fields:
        values.setdefault(name.lower(), []).append(value)
    return values


def _body_end(raw: bytes, body_start: int, stop: int) -> int:
    """The line end before a delimiter belongs to the delimiter."""
    if raw[stop - 1 : stop] == b"\r" and stop < len(raw):
        stop -= 1
    return max(body_start, stop)
