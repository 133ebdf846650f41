"""Taking out of a mail what only the operator's own mail server may say.

Decides that who hands a mail in by SMTP is not that server: where one is trusted (POSTBOX_TRUSTED_AUTHSERV_ID), every
Authentication-Results goes (RFC 8601, section 5). Nothing else of a mail is touched.
"""

from __future__ import annotations

import re

from postbox.screening.auth.results import NAME

_BLANK_LINES = re.compile(rb"(?:[ \t]*\r\n)*")  # before the head, which some parsers pass over
_END = b"\r\n\r\n"
# A field with the lines that continue it. Each line is looked at once.
_FIELD = re.compile(rb"^" + NAME.encode() + rb"[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE)


def without_claims(raw: bytes) -> bytes:
    """The mail, whose lines all end in CRLF, without the fields of that name in its head."""
    begins = _BLANK_LINES.match(raw)
    start = begins.end() if begins else 0
    ends = raw.find(_END, start)
    head = raw[: ends + 2] if ends >= 0 else raw
    return _FIELD.sub(b"", head) + raw[len(head) :]
