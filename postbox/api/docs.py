"""``/schema``: the OpenAPI document; ``/docs/``: the same for people. Neither loads anything from elsewhere."""

from __future__ import annotations

import json
from functools import cache

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

# Swagger UI runs an inline script and draws its icons from data URLs; nothing may come from another host.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)
# Left to itself, Swagger UI sends the document's address to a validator on the internet.
_UI = {"deepLinking": True, "validatorUrl": None}


class SchemaView(APIView):
    """The OpenAPI document as JSON. It is the same for every caller, so a process makes it once."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(_document(), content_type="application/json")


class DocsView(SpectacularSwaggerView):
    """Swagger UI out of the package."""

    permission_classes = [AllowAny]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        response: Response = super().get(request)  # type: ignore[no-untyped-call]
        response.data["settings"] = json.dumps(_UI)
        response.headers["Content-Security-Policy"] = _POLICY
        return response


@cache
def _document() -> bytes:
    document = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    rendered: bytes = OpenApiJsonRenderer2().render(document)
    return rendered
