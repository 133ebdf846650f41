"""Every reply that the LMTP and the SMTP door give of their own (RFC 5321, section 4.2; enhanced codes of RFC 3463).

Decides the words and which troubles pass: a 4yz has the mail server try again later, a 5yz has it bounce the mail.
"""

from __future__ import annotations

import re
from enum import StrEnum

from postbox.ingest.limits import ADDRESS_COUNT, LINE_BYTES, MESSAGE_BYTES


class Reply(StrEnum):
    """A whole reply line without its CRLF."""

    OK = "250 2.0.0 OK"
    SENDER_OK = "250 2.1.0 OK"
    RECIPIENT_OK = "250 2.1.5 OK"
    BOUNCE_TAKEN = "250 2.1.5 Taken as a bounce"
    UNSUBSCRIBED = "250 2.1.5 Taken as the wish to get no more"
    GO_AHEAD = "354 End the mail with <CRLF>.<CRLF>"
    STORED = "250 2.0.0 Stored"
    CANNOT_VERIFY = "252 2.5.2 Cannot say before RCPT"
    SHUTTING_DOWN = "421 4.3.2 Shutting down, come again"
    TOO_MANY_CONNECTIONS = "421 4.3.2 Too many connections, come again"
    TOO_MANY_OF_CLIENT = "421 4.7.0 Too many connections from your address, come again"
    TOO_MANY_ERRORS = "421 4.7.0 Too many errors, good-bye"
    IDLE = "421 4.4.2 Nothing was heard for too long"
    BROKEN = "451 4.3.0 Something broke on this side; nothing was stored"
    NO_DATABASE = "451 4.3.0 The database does not answer; nothing was stored"
    RATE_LIMITED = "450 4.7.1 Too much mail for now, come again later"
    NO_MEMORY = "452 4.3.1 Too much mail in hand at once, come again"
    TOO_MANY_RECIPIENTS = f"452 4.5.3 At most {ADDRESS_COUNT} recipients a mail"
    TOO_MANY_COPIES = "452 4.5.3 No more recipients for a mail of this size; send it to the rest in another"
    SYNTAX = "501 5.5.4 Syntax error"
    CHANGED = "451 4.2.1 A recipient is no longer as at RCPT; nothing was stored, come again"
    LONG_LINE = f"500 5.5.2 A line is longer than {LINE_BYTES} octets"
    NO_SUCH_COMMAND = "500 5.5.1 This is LMTP: say LHLO"
    NOT_HERE = "502 5.5.1 Nobody logs in here"
    IN_TLS = "503 5.5.1 TLS is on already"
    BAD_PARAMETER = "555 5.5.4 Parameter not known here"
    NO_HELLO = "503 5.5.1 Say hello first"
    NO_SENDER = "503 5.5.1 Say MAIL first"
    SECOND_SENDER = "503 5.5.1 A mail is open already"
    NO_RECIPIENT = "503 5.5.1 No valid recipients"
    OPEN_MAIL = "503 5.5.1 Not within a mail"
    NO_TLS = "530 5.7.0 Say STARTTLS first"
    UNKNOWN = "550 5.1.1 No agent here has this address"
    BAD_RECIPIENT = "553 5.1.3 Not an address"
    BAD_SENDER = "553 5.1.7 Not an address"
    BARE_BREAK = "550 5.6.0 The mail holds a CR or LF that stands alone"
    TOO_LARGE_FOR_ALL = "552 5.3.4 The mail is too large for so many recipients: announce its SIZE, or name fewer"
    TOO_LARGE = f"552 5.3.4 The mail is larger than {MESSAGE_BYTES} octets"

    @property
    def refuses(self) -> bool:
        """Whether it says no, for now or for good."""
        return self[0] in "45"

    @property
    def for_good(self) -> bool:
        """Whether it says no to this very command for ever."""
        return self[0] == "5"

    @property
    def code(self) -> str:
        """What it is counted as: the same word that /ingest has for the same trouble."""
        return _CODES.get(self, self.name.lower())


_CODES = {
    Reply.UNKNOWN: "unknown_recipient",
    Reply.TOO_LARGE: "mail_too_large",
    Reply.TOO_LARGE_FOR_ALL: "too_many_copies",
    Reply.TOO_MANY_OF_CLIENT: "too_many_connections",
    Reply.NO_DATABASE: "storage_unavailable",
}
_BARE = re.compile(r"([45])\d\d (?!\d\.\d)")
_CLASSIC = {"250 OK": Reply.OK.value, "221 Bye": "221 2.0.0 Bye", "220 Ready to start TLS": "220 2.0.0 Go ahead"}


def enhanced(line: str) -> str:
    """A reply of the library's with the enhanced code that RFC 2033 (section 4) asks of each."""
    if bare := _BARE.match(line):
        return f"{line[:4]}{bare[1]}.5.0 {line[4:]}"
    return _CLASSIC.get(line, line)
