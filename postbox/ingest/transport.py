"""How a mail was carried to the mail server that hands it in: what that server says of TLS.

Decides how its words are written down: ``TLSv1.3 TLS_AES_256_GCM_SHA384``, ``TLS`` where no version is named, ``none``
for a connection in the clear, and nothing where nobody said, or said what cannot be read. It never decides whether that
will do (postbox.screening.steps.transport does).
"""

from __future__ import annotations

import re

NONE = "none"
_MOST = 64
_TOP = 32 * 1024
_SAID_NONE = frozenset({"none", "no", "off", "false", "0", "plain", "cleartext", "-"})
_SAID_YES = frozenset({"yes", "on", "true", "1", "tls"})
_VERSION = re.compile(r"\b(TLS|SSL)[ _]?v?[ _]?(\d)(?:[._](\d))?\b", re.IGNORECASE)
_CIPHER = re.compile(r"\b(?=[A-Z0-9_-]*?(?:AES|CHACHA|CAMELLIA|ARIA|RC4|DES|NULL))[A-Z0-9]++(?>(?:[-_][A-Z0-9]++)+)")
# RFC 3848 and RFC 6531, section 4.3: an S says that it came by TLS.
_WITH = re.compile(r"\swith\s+(?:UTF8)?(?:E?SMTP|LMTP)(S?)A?\b", re.IGNORECASE)
# As sendmail tells it, whose ``with`` may lack the S.
_IN_CLAUSE = re.compile(r"\(version=")
_LITERAL = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]++)\]")
_LOOPBACK = re.compile(r"127\.[0-9.]++|::1")
# A content filter on the mail server itself hands mail back to it: so many fields say only that.
_HANDED_BACK = 3


def spelt(text: str) -> str:
    """What a bridge says of TLS, in our words."""
    said = " ".join(text.split())[:500]
    if said.lower() in _SAID_NONE:
        return NONE
    if said.lower() in _SAID_YES:
        return "TLS"
    version = _VERSION.search(said)
    if not version:
        return ""
    # A name of a cipher such as TLS_AES_128… is no version.
    cipher = _CIPHER.search(said.upper())
    name = f"{version[1].upper()}v{version[2]}" + (f".{version[3]}" if version[3] else "")
    return f"{name} {cipher[0]}"[:_MOST] if cipher else name


def received_by(raw: bytes) -> str:
    """What the topmost Received field says, which the server wrote that hands the mail in; nothing where there is none.

    Fields of a filter on that very server are passed over; any further down may be forged.
    """
    for field in _received_fields(raw):
        before, by, after = field.partition(" by ")
        clients = _LITERAL.findall(before)
        if clients and all(_LOOPBACK.fullmatch(client) for client in clients):
            continue
        how = _WITH.search(f" {after}") if by else None
        if how is None:
            return ""
        if not how[1] and not _IN_CLAUSE.search(after):
            return NONE
        # Postfix tells the version in a comment of its own before ``by``, others after ``with``.
        return (
            spelt(after[how.end() - 1 :])
            or spelt(before.rpartition("(using ")[2] if "(using " in before else "")
            or "TLS"
        )
    return ""


def _received_fields(raw: bytes) -> list[str]:
    """The first Received fields of the header, unfolded."""
    top = raw[:_TOP].partition(b"\r\n\r\n")[0].replace(b"\r\n\t", b" ").replace(b"\r\n ", b" ")
    fields = []
    for line in top.split(b"\r\n"):
        if line[:9].lower() == b"received:":
            fields.append(" ".join(line[9:2048].decode("latin-1").split()))
            if len(fields) == _HANDED_BACK:
                break
    return fields
