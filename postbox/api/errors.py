"""Errors as callers get them: ``{"code", "message", "fix", "request_id", "errors"}``.

Decides the one shape of every error and its status. ``fix`` is the next thing to do, written for a program that reads
it. It never shows a traceback or what a database said.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response

from postbox.api.middleware import request_id
from postbox.lib.envelope import MasterKeyMissing

log = logging.getLogger(__name__)

# What a caller sent comes back in messages, so they are cut; the longest list of choices fits.
_MESSAGE = 600
_ERRORS = 100


class ApiError(Exception):
    """An error that owns its status, code and fix. Subclass it or raise it as it is."""

    status = 400
    code = "bad_request"
    message = "The request cannot be carried out."
    fix = "Correct the request and send it again."
    retry_after: int | None = None

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "",
        fix: str = "",
        status: int = 0,
        errors: list[dict[str, str]] | None = None,
    ) -> None:
        self.message = message or self.message
        self.code = code or self.code
        self.fix = fix or self.fix
        self.status = status or self.status
        self.errors = errors or []
        super().__init__(self.message)


class Unauthenticated(ApiError):
    status = 401
    code = "unauthenticated"
    message = "No valid key was shown."
    fix = "Send a key that is live: Authorization: Bearer <key>, or x-agentpack-key: <key> for a bridge."


class Forbidden(ApiError):
    status = 403
    code = "forbidden"
    message = "This key is not for this route."
    fix = "Use a key of the kind that this route takes; /docs/ names it."


class NotFound(ApiError):
    status = 404
    code = "not_found"
    message = "There is nothing here."
    fix = "Check the path and the id; /docs/ lists the routes."


class TooLarge(ApiError):
    status = 413
    code = "too_large"
    message = "The request is larger than this route takes."
    fix = "Send less."


class Invalid(ApiError):
    code = "invalid"
    message = "Some values are missing or wrong."
    fix = "Correct what `errors` names and send it again."


class Unavailable(ApiError):
    status = 503
    code = "storage_unavailable"
    message = "The database does not answer; nothing was stored."
    fix = "Send the same request again in a few seconds."
    retry_after = 5


class KeysUnavailable(ApiError):
    status = 503
    code = "keys_unavailable"
    message = "No configured master key opens this agent's mail."
    fix = "Try again later; tell the operator the request_id: a key is missing from POSTBOX_MASTER_KEYS."
    retry_after = 60


_BY_STATUS: dict[int, tuple[str, str]] = {
    400: ("bad_request", "Correct the request and send it again."),
    401: (Unauthenticated.code, Unauthenticated.fix),
    403: (Forbidden.code, Forbidden.fix),
    404: (NotFound.code, NotFound.fix),
    405: ("method_not_allowed", "Use a method that `Allow` names."),
    406: ("not_acceptable", "Accept application/json."),
    413: (TooLarge.code, TooLarge.fix),
    415: ("unsupported_media_type", "Send a content type that /docs/ names for this route."),
    429: ("rate_limited", "Wait as long as `Retry-After` says."),
    500: ("internal", "Try again later; tell the operator the request_id."),
}


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """The exception handler of every API view."""
    found = _as_api_error(error)
    headers = _headers(found)
    if isinstance(error, exceptions.MethodNotAllowed):
        headers["Allow"] = ", ".join(context["view"].allowed_methods)
    return Response(_shape(found), status=found.status, headers=headers)


def answer(error: Exception) -> JsonResponse:
    """The same answer where no API view stands around."""
    found = _as_api_error(error)
    return JsonResponse(_shape(found), status=found.status, headers=_headers(found))


def _headers(error: ApiError) -> dict[str, str]:
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def _as_api_error(error: Exception) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, exceptions.ValidationError):
        return Invalid(errors=list(_flatten(error.detail, "")))
    # InternalError: the server answers and takes no writes, as after a failover to a standby (class 25 of its codes).
    if isinstance(error, (OperationalError, InterfaceError, InternalError)):
        log.error("database_unavailable", exc_info=error)
        return Unavailable()
    if isinstance(error, MasterKeyMissing):
        log.error("master_key_missing", exc_info=error)
        return KeysUnavailable()
    if isinstance(error, RequestDataTooBig):
        return TooLarge()
    if isinstance(error, SuspiciousOperation):
        return _malformed()
    if isinstance(error, UnreadablePostError):
        return ApiError("The request ended before all of it had come.", code="incomplete_request")
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, PermissionDenied):
        return Forbidden()
    if isinstance(error, exceptions.APIException):
        code, fix = _BY_STATUS.get(error.status_code, (str(error.default_code), ApiError.fix))
        return ApiError(str(error.detail)[:_MESSAGE], code=code, fix=fix, status=error.status_code)
    log.error("unhandled", exc_info=error)
    code, fix = _BY_STATUS[500]
    return ApiError("Something broke on this side.", code=code, fix=fix, status=500)


def _flatten(detail: Any, path: str) -> list[dict[str, str]]:
    if isinstance(detail, dict):
        return [item for key, value in detail.items() for item in _flatten(value, _join(path, key))]
    if isinstance(detail, list):
        found: list[dict[str, str]] = []
        for index, value in enumerate(detail):
            nested = isinstance(value, (dict, list))
            found += _flatten(value, _join(path, index) if nested else path)
        return found
    return [{"path": path, "message": str(detail)[:_MESSAGE]}]


def _join(path: str, key: object) -> str:
    if key == "non_field_errors":
        return path
    return f"{path}.{key}" if path else str(key)


def _shape(error: ApiError) -> dict[str, Any]:
    return {
        "code": error.code,
        "message": error.message,
        "fix": error.fix,
        "request_id": request_id(),
        "errors": error.errors[:_ERRORS],
    }


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's 404 outside the API views, in the same shape."""
    return answer(NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's 500 outside the API views, in the same shape."""
    code, fix = _BY_STATUS[500]
    return answer(ApiError("Something broke on this side.", code=code, fix=fix, status=500))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 400 (an unknown host, a malformed request), in the same shape."""
    return answer(_malformed())


def _malformed() -> ApiError:
    return ApiError("The request is malformed or names an unknown host.")
