"""Content negotiation for an API with one format: the first renderer, whatever ``Accept`` says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request


class OneFormat(BaseContentNegotiation):
    """JSON in and out: an unusual ``Accept`` is no reason to refuse a mail."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        wanted = (request.content_type or "").split(";")[0].strip().lower()
        for parser in parsers:
            if parser.media_type == wanted or (not wanted and parser.media_type == "application/json"):
                return parser
        return None

    def select_renderer(
        self, request: Request, renderers: Iterable[Any], format_suffix: str | None = None
    ) -> tuple[Any, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type
