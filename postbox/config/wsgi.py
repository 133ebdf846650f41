"""The WSGI application that granian serves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "postbox.config.settings")

_django = get_wsgi_application()

from postbox.ingest import raw_door  # noqa: E402 (Django must be set up first)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django's, and for raw mail a shorter way to the same view."""
    if raw_door.is_raw_mail(environ):
        return raw_door.take(environ, start_response)
    answer: Iterable[bytes] = _django(environ, start_response)
    return answer
