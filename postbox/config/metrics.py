"""``GET /metrics``: the counts of all processes for Prometheus.

Decides who may read them: whoever shows ``POSTBOX_METRICS_TOKEN`` as a bearer token where it is set, else a caller on
this machine. What a reverse proxy passes on comes from this machine too, so a forwarded request always needs the token.
"""

from __future__ import annotations

import platform
from hmac import compare_digest
from importlib import import_module
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from postbox import __version__
from postbox.api.errors import ApiError, Unauthenticated, answer
from postbox.metrics.gauges import Gauge
from postbox.metrics.text import render

_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_REAL_IP", "HTTP_VIA")


def gauges() -> list[Gauge]:
    """Which build answers."""
    build = Gauge("postbox_build_info", "The build that answered.", ("version", "python"))
    build.values[__version__, platform.python_version()] = 1.0
    return [build]


def metrics(request: HttpRequest) -> HttpResponse:
    """The view."""
    try:
        check_reader(request)
        modules = [import_module(name) for name in settings.POSTBOX_METRICS]
        text, content_type = render(modules, request.headers.get("Accept", ""))
    except Exception as error:
        return answer(error)
    return HttpResponse(text, content_type=content_type)


def check_reader(request: HttpRequest) -> None:
    """Raise unless this caller may read the metrics."""
    if request.method not in ("GET", "HEAD"):
        raise ApiError("Metrics are only read.", code="method_not_allowed", fix="Use GET.", status=405)
    if token := settings.POSTBOX_METRICS_TOKEN:
        scheme, _, given = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer" or not compare_digest(given.strip().encode(), token.encode()):
            raise Unauthenticated(fix="Send the header Authorization: Bearer <POSTBOX_METRICS_TOKEN>.")
    elif not _is_local(request):
        raise Unauthenticated(fix="Set POSTBOX_METRICS_TOKEN and send it as a bearer token, or ask from this machine.")


def _is_local(request: HttpRequest) -> bool:
    if any(name in request.META for name in _FORWARDED):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
