"""Bodies that will not be used: too large by their own word, and read away.

An answer that is given before the body was read reaches most clients as a broken connection, not as an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

_MOST = 128 * 1024 * 1024
_PORTION = 256 * 1024


class Readable(Protocol):
    """What has a ``read`` of so many octets."""

    def read(self, size: int, /) -> bytes: ...


def is_announced_larger(meta: Mapping[str, Any], most: int) -> bool:
    """Whether a request's Content-Length is more than so many octets."""
    length = meta.get("CONTENT_LENGTH") or "0"
    return length.isdecimal() and int(length[:12]) > most


def drain(stream: Readable) -> None:
    """Read what is left of a body, within bounds, and keep nothing of it."""
    try:
        for _ in range(_MOST // _PORTION):
            if not stream.read(_PORTION):
                return
    except OSError:  # the caller has gone, so nobody waits for an answer
        return
