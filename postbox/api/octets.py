"""A route whose caller is known by a signature over the octets of its request.

Decides that such a request passes by DRF's parsers, which would read it first, and that every error becomes an answer
of the one form. What the octets mean is the subclass's.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from postbox.api.errors import answer


class OctetsView(APIView):
    """``take`` carries out a POST, ``look`` says of a HEAD whether anybody is there, by raising where nobody is."""

    http_method_names = ["post", "head"]
    permission_classes = [AllowAny]

    def take(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        """Answer a POST; ``parts`` are those of the path."""
        raise NotImplementedError

    def look(self, **parts: Any) -> None:
        """Some providers look whether anybody is there when the webhook is set up."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            if request.method == "POST":
                return self.take(request, **kwargs)
            if request.method == "HEAD" and "head" in self.http_method_names:
                self.look(**kwargs)
                return HttpResponse()
            return super().dispatch(request, *args, **kwargs)
        except Exception as error:
            return answer(error)

    def post(self, request: Request, **parts: Any) -> Response:
        """Declares the route; ``dispatch`` carries it out."""
        raise NotImplementedError
