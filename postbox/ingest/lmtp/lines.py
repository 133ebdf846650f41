"""Reading commands, line by line.

Decides that a command ends with CRLF: one in which a CR or LF stands alone is handed on as an empty line, which the
library answers with 500 and carries out nowhere.
"""

from __future__ import annotations

import asyncio

_NOTHING = b"\r\n"


class Commands(asyncio.StreamReader):
    """A reader whose ``readuntil`` without a separator, as the library asks for commands, keeps to RFC 5321, 2.3.8."""

    async def readuntil(self, separator: bytes = b"\n") -> bytes:  # type: ignore[override]
        """Up to the separator and with it."""
        line = await super().readuntil(separator)
        if separator == b"\n" and (line[-2:] != b"\r\n" or b"\r" in line[:-2]):
            return _NOTHING
        return line
