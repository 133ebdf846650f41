"""Reading away a request's body that will not be used.

An answer that is given before the body was read reaches most clients as a broken connection, not as an answer.
"""

from __future__ import annotations

from rest_framework.request import Request

_MOST = 128 * 1024 * 1024
_PORTION = 256 * 1024


def drain(request: Request) -> None:
    """Read what is left of the body, within bounds, and keep nothing of it."""
    stream = request._request
    for _ in range(_MOST // _PORTION):
        if not stream.read(_PORTION):
            return
