"""The way of a raw mail through the web server: ``POST /ingest`` with ``message/rfc822``, past Django's handler.

Decides which requests go this way: those that come in numbers, and no others. The handler's signals, its middleware for
people and its URL patterns cost more than storing a mail does. The view is the same, and so are the headers that the
middleware for every answer sets. An error is answered by the view itself, which lets none out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.db import close_old_connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware

from postbox.api.middleware import RequestIdMiddleware
from postbox.ingest.views import RAW, IngestView

Environ = dict[str, Any]
_PATH = "/ingest"


def is_raw_mail(environ: Environ) -> bool:
    """Whether this request goes this way. One that says the same in other words goes the common way."""
    return (
        environ.get("PATH_INFO") == _PATH
        and environ.get("REQUEST_METHOD") == "POST"
        and environ.get("CONTENT_TYPE") == RAW
    )


def take(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer it (WSGI, PEP 3333)."""
    response: Any = _answered(WSGIRequest(environ))
    # As after every request: a connection that broke, or is too old, must not reach the next.
    close_old_connections()
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return [response.content]


def _view(request: HttpRequest) -> HttpResponseBase:
    return IngestView().dispatch(request)


_answered = RequestIdMiddleware(SecurityMiddleware(XFrameOptionsMiddleware(_view)))  # type: ignore[arg-type]
