"""A request's id: taken from the caller's ``X-Request-Id`` when it is sane, else made; given back in the answer.

Answers say how long they are, too: without a length the server sends them in chunks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

from postbox.lib.ids import uuid7

_SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """The id of the request that is being answered; empty outside one."""
    return _current.get()


class RequestIdMiddleware:
    """Sets the id before everything else and puts it into the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        own = given if _SANE.fullmatch(given) else uuid7().hex
        token = _current.set(own)
        try:
            response = self.get_response(request)
        finally:
            _current.reset(token)
        response.headers["X-Request-Id"] = own
        if not response.streaming and "Content-Length" not in response.headers:
            response.headers["Content-Length"] = str(len(response.content))
        return response
