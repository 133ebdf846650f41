"""The shape of errors for the OpenAPI document, and what goes into every route's answers."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers


class ErrorItem(serializers.Serializer[dict[str, str]]):
    path = serializers.CharField()
    message = serializers.CharField()


class Error(serializers.Serializer[dict[str, str]]):
    code = serializers.CharField(help_text="Stable; for programs to tell errors apart.")
    message = serializers.CharField()
    fix = serializers.CharField(help_text="The next thing to do, written for a program.")
    request_id = serializers.CharField()
    errors = ErrorItem(  # type: ignore[assignment]  # the stubs know `errors` as what is_valid found
        many=True, help_text="Which values are wrong; empty where it is not about one."
    )


ERRORS = {
    400: OpenApiResponse(Error, "A value is missing or wrong"),
    401: OpenApiResponse(Error, "No valid key"),
    403: OpenApiResponse(Error, "A key of another kind"),
    405: OpenApiResponse(Error, "Another method is needed"),
    413: OpenApiResponse(Error, "Too large"),
    415: OpenApiResponse(Error, "Another content type is needed"),
    503: OpenApiResponse(Error, "The database does not answer"),
}
