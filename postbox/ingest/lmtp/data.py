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
from postbox.ingest.lmtp.replies import Reply

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

    ``heard`` is called with each line. Lines are of any length, or no longer than the reader's buffer.
    """

    def __init__(self, hands: Hands, *, long_lines: bool = True, heard: Callable[[], None] = lambda: None) -> None:
        self.held = 0
        self._hands = hands
        self._long_lines = long_lines
        self._heard = heard
        self._raw = bytearray()  # a list of lines would take twenty times as much where they are empty
        self._refusal: Reply | None = None

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        """The mail without its dots (RFC 5321, section 4.5.2). Raises Refused, after the whole of it was read."""
        at_start = True
        while True:
            try:
                piece = await reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as error:  # a line longer than the reader's buffer
                piece = await reader.read(error.consumed)
                ends = False
                if not self._long_lines:
                    self.drop(Reply.LONG_LINE)
            else:
                ends = True
                if at_start and piece == b".\r\n":
                    return self._whole()
            self._heard()
            self._keep(piece[1:] if at_start and piece.startswith(b".") else piece)
            at_start = ends

    def drop(self, refusal: Reply | None = None) -> None:
        """Let go of what is held."""
        self._hands.give_back(self.held)
        self.held = 0
        self._raw.clear()
        self._refusal = refusal or self._refusal

    def _keep(self, piece: bytes) -> None:
        if self._refusal:
            return
        if self.held + len(piece) > MESSAGE_BYTES:
            self.drop(Reply.TOO_LARGE)
        elif not self._hands.take(len(piece)):
            self.drop(Reply.NO_MEMORY)
        else:
            self.held += len(piece)
            self._raw += piece

    def _whole(self) -> bytes:
        if self._refusal:
            raise Refused(self._refusal)
        raw = bytes(self._raw)
        self._raw.clear()
        if not raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n"):
            raise Refused(Reply.BARE_BREAK)
        return raw
