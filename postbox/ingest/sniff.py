"""Telling a mail from anything else by its first lines.

Decides whether octets begin like a mail (RFC 5322, section 2.2). Never parses it and never refuses it: whoever asks
decides what follows.
"""

from __future__ import annotations

import re

HEAD_BYTES = 64 * 1024
_ENVELOPE_LINE = re.compile(rb"From [^\n]*\n")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_BOM = b"\xef\xbb\xbf"
# A field that nearly every mail has; a line like `version: 1` alone does not make a mail.
_KNOWN = frozenset(
    b"from to cc subject date message-id received return-path delivered-to reply-to sender mime-version content-type "
    b"x-mailer dkim-signature authentication-results in-reply-to references envelope-to x-original-to".split()
)


def looks_like_mail(octets: bytes) -> bool:
    """Whether these begin with header lines, one of them a mail's; an mbox's ``From `` line may stand before."""
    head = without_envelope_line(octets[:HEAD_BYTES].removeprefix(_BOM))
    known = False
    for number, line in enumerate(head.splitlines()):
        if line[:1] in (b" ", b"\t") and number:
            continue
        field = _FIELD.match(line)
        if not field:
            return bool(number) and known
        known = known or field[1].lower() in _KNOWN
    return known


def without_envelope_line(octets: bytes) -> bytes:
    """The octets without a first line ``From sender date``, which belongs to an mbox and not to its mail (RFC 4155)."""
    line = _ENVELOPE_LINE.match(octets)
    return octets[line.end() :] if line else octets
