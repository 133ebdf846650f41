"""Reading away a request's body that will not be used.

An answer that is given before the body was read reaches most clients as a broken connection, not as an answer.
"""

from __future__ import annotations

from typing import Protocol

_MOST = 128 * 1024 * 1024
_PORTION = 256 * 1024


class Readable(Protocol):
    """What has a ``read`` of so many octets."""

    def read(self, size: int, /) -> bytes: ...


def drain(stream: Readable) -> None:
    """Read what is left of a body, within bounds, and keep nothing of it."""
    try:
        for _ in range(_MOST // _PORTION):
            if not stream.read(_PORTION):
                return
    except OSError:  # the caller has gone, so nobody waits for an answer
        return
