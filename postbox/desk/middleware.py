"""What only people in a browser need: sessions, users, messages, CSRF, and a content policy.

Decides that agents' and bridges' requests go past all of it: it would cost an eighth of accepting a mail. The policy
has the admin's pages load nothing from elsewhere, whatever a mail's words might come to hold. Styles may be inline, and
Alpine evaluates the expressions of the admin's own templates; no script may be inline.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware
from django.urls import reverse
from django.utils.functional import cached_property

POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


class AdminContentPolicy:
    """Sets Content-Security-Policy on the admin's pages, and keeps them out of caches."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    @cached_property
    def _prefix(self) -> str:
        return reverse("admin:index")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        if request.path.startswith(self._prefix):
            response.headers["Content-Security-Policy"] = POLICY
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def for_admin(request: HttpRequest) -> bool:
    """Whether the request is for the admin. Before the routes are known, so by its path."""
    return request.path_info.startswith("/admin")


class _AdminOnly:
    """Puts a middleware of Django's out of the way of every other request."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if not for_admin(request):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class AdminTurns:
    """At most two posts to the admin at a time in a process.

    A form's body is read before anybody is known to be logged in, and a caller who sends it slowly holds a thread. The
    others are for mail and for keys.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._turns = threading.BoundedSemaphore(2)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or not for_admin(request):
            return self._get_response(request)
        if not self._turns.acquire(blocking=False):
            return HttpResponse("The admin is busy; try again in a moment.", status=503, headers={"Retry-After": "2"})
        try:
            return self._get_response(request)
        finally:
            self._turns.release()


class AdminSessions(_AdminOnly, SessionMiddleware):
    pass


class AdminUsers(_AdminOnly, AuthenticationMiddleware):
    pass


class AdminMessages(_AdminOnly, MessageMiddleware):
    pass


class AdminCsrf(_AdminOnly, CsrfViewMiddleware):
    """Checks every request that carries a session; the others carry a key and no cookie."""

    def process_view(
        self,
        request: HttpRequest,
        callback: Callable[..., HttpResponseBase],
        callback_args: tuple[Any, ...],
        callback_kwargs: dict[str, Any],
    ) -> HttpResponseForbidden | None:
        if not for_admin(request):
            return None
        return super().process_view(request, callback, callback_args, callback_kwargs)
