"""Every limit on incoming mail, and the check of a raw mail before a parser runs.

Decides which mail is too much for the parsers. Only `MESSAGE_BYTES` may refuse a mail (413 at the door): a
mail that is over any other limit is stored and quarantined with the limit's code. It never decodes
anything.
"""

from __future__ import annotations

import re
import time
from enum import StrEnum

from postbox.ingest.outline import Section, Values, outline, unify

MESSAGE_BYTES = 25 * 1024 * 1024
LINE_BYTES = 64 * 1024  # at the SMTP door; a mail server or a provider in front has limits of its own
HEADER_BYTES = 100 * 1024  # one header section
ALL_HEADER_BYTES = 512 * 1024  # those of all parts together
HEADER_COUNT = 1000
PARAMETER_HEADER_BYTES = 2 * 1024  # one Content-Type or Content-Disposition
ADDRESS_COUNT = 500
DEPTH = 20
PART_COUNT = 500
BOUNDARY_CHARACTERS = 200  # RFC 2046 section 5.1.1 allows 70, but real mailers write 71 and 82
HOPS = 50
COMMENT_DEPTH = 20  # in one address field
HTML_BYTES = 1024 * 1024
TEXT_BYTES = 256 * 1024
PARSE_SECONDS = 1.0  # of CPU time

ADDRESS_FIELDS = frozenset({"from", "sender", "reply-to", "to", "cc", "bcc", "resent-from", "resent-to", "resent-cc"})
_PARENTHESES = re.compile(r"[()]")
_PARAMETER_FIELDS = frozenset({"content-type", "content-disposition"})


class LimitCode(StrEnum):
    """Which limit a mail is over."""

    MESSAGE = "message_too_large"
    HEADERS = "headers_too_large"
    HEADER_COUNT = "too_many_headers"
    PARAMETER_HEADER = "parameter_header_too_large"
    ADDRESSES = "too_many_addresses"
    DEPTH = "nested_too_deep"
    PARTS = "too_many_parts"
    BOUNDARY = "boundary_too_long"
    HOPS = "too_many_hops"
    COMMENTS = "comments_too_deep"
    HTML = "html_too_large"
    TEXT = "text_too_large"
    DEADLINE = "parse_deadline"


class LimitExceeded(Exception):
    """A mail is over a limit; ``code`` says which, ``message`` in words with the limit itself."""

    def __init__(self, code: LimitCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Deadline:
    """The CPU time that one mail may take in this thread."""

    def __init__(self, seconds: float = PARSE_SECONDS) -> None:
        self._end = time.thread_time() + seconds
        self._not_before = time.monotonic() + seconds

    def check(self) -> None:
        """Raises LimitExceeded once the time is up."""
        # The thread's own time cannot pass faster, and asking for it is a system call.
        if time.monotonic() > self._not_before and time.thread_time() > self._end:
            raise LimitExceeded(LimitCode.DEADLINE, f"parsing took more than {PARSE_SECONDS} s of CPU time")


def check_raw(raw: bytes) -> None:
    """Raises LimitExceeded for a raw mail that is over a limit; linear in its size."""
    checked_outline(unify(raw) if len(raw) <= MESSAGE_BYTES else raw)


def checked_outline(raw: bytes, deadline: Deadline | None = None) -> list[Section]:
    """The sections of a mail that is within every limit; raises LimitExceeded as soon as one is passed."""
    if len(raw) > MESSAGE_BYTES:
        raise LimitExceeded(LimitCode.MESSAGE, f"the mail is larger than {MESSAGE_BYTES} octets")
    deadline = deadline or Deadline()
    sections: list[Section] = []
    header_bytes = 0
    for section in outline(raw, HEADER_BYTES):
        header_bytes += section.body_start - section.start
        _check_section(section, header_bytes)
        if not sections:
            _check_top(section.values)
        sections.append(section)
        deadline.check()
        if len(sections) > PART_COUNT:
            raise LimitExceeded(LimitCode.PARTS, f"the mail has more than {PART_COUNT} parts")
    return sections


def _check_section(section: Section, header_bytes: int) -> None:
    if section.body_start - section.start > HEADER_BYTES or header_bytes > ALL_HEADER_BYTES:
        raise LimitExceeded(LimitCode.HEADERS, f"a header section is larger than {HEADER_BYTES} octets")
    if len(section.fields) > HEADER_COUNT:
        raise LimitExceeded(LimitCode.HEADER_COUNT, f"a part has more than {HEADER_COUNT} header fields")
    if section.depth > DEPTH:
        raise LimitExceeded(LimitCode.DEPTH, f"parts are nested more than {DEPTH} deep")
    if len(section.boundary) > BOUNDARY_CHARACTERS:
        raise LimitExceeded(LimitCode.BOUNDARY, f"a boundary is longer than {BOUNDARY_CHARACTERS} characters")
    for name, value in section.fields:
        if len(value) > PARAMETER_HEADER_BYTES and name.lower() in _PARAMETER_FIELDS:
            raise LimitExceeded(
                LimitCode.PARAMETER_HEADER, f"a {name} field is larger than {PARAMETER_HEADER_BYTES} octets"
            )


def _check_top(values: Values) -> None:
    hops = len(values.get("received", ()))
    addresses = 0
    for name in ADDRESS_FIELDS.intersection(values):
        for value in values[name]:
            # Names may hold either sign, so the smaller count is the one that never flags an honest list.
            addresses += min(value.count("@"), value.count(",") + value.count(";") + 1)
            if value.count("(") > COMMENT_DEPTH and _comment_depth(value) > COMMENT_DEPTH:
                raise LimitExceeded(LimitCode.COMMENTS, f"comments in {name} are nested more than {COMMENT_DEPTH} deep")
    if hops > HOPS:
        raise LimitExceeded(LimitCode.HOPS, f"the mail has more than {HOPS} Received fields")
    if addresses > ADDRESS_COUNT:
        raise LimitExceeded(LimitCode.ADDRESSES, f"the mail names more than {ADDRESS_COUNT} addresses")


def _comment_depth(value: str) -> int:
    """How deep the comments of an address field are nested (RFC 5322, section 3.2.2), quoted ones counted too."""
    depth = deepest = 0
    for sign in _PARENTHESES.findall(value):
        depth = depth + 1 if sign == "(" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest
