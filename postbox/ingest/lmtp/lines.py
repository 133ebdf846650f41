"""Reading from a connection: commands line by line, and the mail as one piece after another.

Decides that a command ends with CRLF and begins with a word of letters. What does not is handed on as a command that
the library does not know: it is carried out nowhere, and after a few the library closes the connection.
"""

from __future__ import annotations

import asyncio

_NO_COMMAND = b"?\r\n"


class Reader(asyncio.StreamReader):
    """A reader whose ``readuntil`` without a separator, as the library asks for commands, keeps to RFC 5321, 2.3.8."""

    async def readuntil(self, separator: bytes = b"\n") -> bytes:  # type: ignore[override]
        """Up to the separator and with it."""
        line = await super().readuntil(separator)
        return line if separator != b"\n" or _is_command(line) else _NO_COMMAND

    def begin_mail(self) -> None:
        """Put CRLF before what comes: the end of a mail then looks the same where the mail is empty."""
        self._buffer: bytearray
        self._buffer[:0] = b"\r\n"


def _is_command(line: bytes) -> bool:
    return line.endswith(b"\r\n") and b"\r" not in line[:-2] and line[:-2].partition(b" ")[0].isalpha()
