"""Reading a mail after DATA, as it stands between the two replies.

Decides where the mail ends: at CRLF.CRLF and nowhere else, and that one in which a CR or LF stands alone is refused,
since servers that take such for the end of a line read two mails where the first server saw one (SMTP smuggling,
CVE-2023-51764). What is too large is read to its end and dropped on the way. It never decides how long that may take.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from postbox.ingest.limits import MESSAGE_BYTES
from postbox.ingest.lmtp.commands import Refused
from postbox.ingest.lmtp.lines import Reader
from postbox.ingest.lmtp.replies import Reply

_END = b"\r\n.\r\n"
_STUFFED_BYTES = MESSAGE_BYTES * 4 // 3 + 1024  # where each line is one dot
HELD_BYTES = 128 * 1024 * 1024


class Hands:
    """How much of all mails together may be in memory at once; a client's own hold a part of what ``of_all`` do."""

    def __init__(self, most: int = HELD_BYTES, of_all: Hands | None = None) -> None:
        self._left = most
        self._of_all = of_all

    def take(self, octets: int) -> bool:
        """Make room; False where there is none."""
        if octets > self._left or not (self._of_all is None or self._of_all.take(octets)):
            return False
        self._left -= octets
        return True

    def give_back(self, octets: int) -> None:
        """What is no longer held."""
        self._left += octets
        if self._of_all is not None:
            self._of_all.give_back(octets)


class Mail:
    """One mail while it comes in. ``held`` octets are to be given back to the hands when it is dealt with.

    ``heard`` is called with each piece, which are about as large as the reader's buffer. ``longest``: octets that a
    line may have, 0 for any number.
    """

    def __init__(self, hands: Hands, *, longest: int = 0, heard: Callable[[], None] = lambda: None) -> None:
        self.held = 0
        self._hands = hands
        self._longest = longest
        self._heard = heard
        self._stuffed = bytearray()
        self._refusal: Reply | None = None

    async def read(self, reader: Reader) -> bytes:
        """The mail without its dots (RFC 5321, section 4.5.2). Raises Refused, after the whole of it was read."""
        reader.begin_mail()
        while True:
            try:
                piece = await reader.readuntil(_END)
            except asyncio.LimitOverrunError as error:  # more than the reader's buffer holds
                self._keep(await reader.read(error.consumed))
                self._heard()
            else:
                self._keep(piece)
                return self._whole()

    def drop(self, refusal: Reply | None = None) -> None:
        """Let go of what is held."""
        self._hands.give_back(self.held)
        self.held = 0
        self._stuffed.clear()
        self._refusal = refusal or self._refusal

    def _keep(self, piece: bytes) -> None:
        if self._refusal:
            return
        if self.held + len(piece) > _STUFFED_BYTES:
            self.drop(Reply.TOO_LARGE)
        elif not self._hands.take(len(piece)):
            self.drop(Reply.NO_MEMORY)
        else:
            self.held += len(piece)
            self._stuffed += piece

    def _whole(self) -> bytes:
        """All between the CRLF that was put before it and the line of one dot."""
        if self._refusal:
            raise Refused(self._refusal)
        raw = bytes(self._stuffed[: -len(b".\r\n")].replace(b"\r\n.", b"\r\n")[len(b"\r\n") :])
        self._stuffed.clear()
        if len(raw) > MESSAGE_BYTES:
            raise Refused(Reply.TOO_LARGE)
        if not raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n"):
            raise Refused(Reply.BARE_BREAK)
        if self._longest and has_line_over(self._longest, raw):
            raise Refused(Reply.LONG_LINE)
        return raw


def has_line_over(octets: int, raw: bytes) -> bool:
    """Whether a line is longer than that with its end. It looks at the last line end within each so many octets."""
    at = 0
    while len(raw) - at > octets:
        at = raw.rfind(b"\n", at, at + octets) + 1
        if not at:
            return True
    return False
