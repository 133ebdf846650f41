"""``/unsubscribe/<token>``: the URL of List-Unsubscribe, for mail programs (RFC 8058) and for people.

Decides that a POST alone unsubscribes: programs that look behind every link of a mail send GET, and get a page with a
button. No cookie, no key: who has the URL got the mail.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from outbound import unsubscribing
from postbox.identity.return_paths import message_to_unsubscribe

FIELD, VALUE = "List-Unsubscribe", "One-Click"  # RFC 8058, section 3.1


@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """404 for a token that is none or whose mail is gone, 400 for a POST of something else."""
    message_id = message_to_unsubscribe(token)
    if message_id is None:
        return _page(request, "unknown", 404)
    if request.method != "POST":
        return _page(request, "ask", 200)
    if request.POST.get(FIELD) != VALUE:
        return _page(request, "ask", 400)
    return _page(request, "done", 200) if unsubscribing.by_click(message_id) else _page(request, "unknown", 404)


def _page(request: HttpRequest, what: str, status: int) -> HttpResponse:
    page = render(request, "outbound/unsubscribe.html", {"what": what, "field": FIELD, "value": VALUE}, status=status)
    page["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
    page["Cache-Control"] = "no-store"
    return page
