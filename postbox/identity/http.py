"""Who is calling: the view that every route with a key builds on.

Decides which kinds of key a route takes and who showed one. What the holder may do is the route's to decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from postbox.api.errors import Forbidden, Unauthenticated
from postbox.api.parsers import JsonBody
from postbox.identity.keys import KeyHolder, find
from postbox.identity.models import KeyKind


class BearerKey(BaseAuthentication):
    """``Authorization: Bearer <key>`` of an owner or an agent."""

    def authenticate(self, request: Request) -> tuple[KeyHolder, None]:
        return bearer_holder(request.META), None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class BridgeKey(BaseAuthentication):
    """``x-agentpack-key: <key>`` of an MTA or a provider's relay."""

    def authenticate(self, request: Request) -> tuple[KeyHolder, None]:
        return bridge_holder(request.META), None


def bearer_holder(meta: Mapping[str, Any]) -> KeyHolder:
    """Who showed a bearer's key. Raises Unauthenticated; the key's kind is still to be checked."""
    scheme, _, key = meta.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Unauthenticated(fix="Send the header Authorization: Bearer <key>.")
    return _holder(key.strip())


def bridge_holder(meta: Mapping[str, Any]) -> KeyHolder:
    """Who showed a bridge's header. Raises Unauthenticated; the key's kind is still to be checked."""
    key = meta.get("HTTP_X_AGENTPACK_KEY", "").strip()
    if not key:
        raise Unauthenticated(fix="Send the header x-agentpack-key: <key>.")
    return _holder(key)


def _holder(key: str) -> KeyHolder:
    holder = find(key)
    if holder is None:
        raise Unauthenticated("This key is unknown, revoked or expired.", fix="Ask the operator for a new key.")
    return holder


def holder(request: Request) -> KeyHolder:
    """Who showed the key of this request."""
    return cast(KeyHolder, request.user)


class KeyKinds(BasePermission):
    """Lets in the kinds of key that the view names."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        check_kind(holder(request), getattr(view, "kinds", frozenset()))
        return True


def check_kind(who: KeyHolder, kinds: frozenset[KeyKind]) -> None:
    """Raise Forbidden unless the holder's key is of one of these kinds."""
    if who.kind not in kinds:
        takes = " or ".join(sorted(kinds))
        raise Forbidden(f"This route takes a key of kind {takes}; this one is of kind {who.kind}.")


class KeySchema(AutoSchema):
    """Says of each route in the OpenAPI document which kind of key it takes."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            operation["x-key-kinds"] = sorted(getattr(self.view, "kinds", ()))
            if getattr(self.view, "body_required", False):
                operation["requestBody"]["required"] = True
        return operation


class KeyView(APIView):
    """A route for holders of a key; subclasses name ``kinds``.

    ``body_required`` is for a body of several media types, of which drf-spectacular does not tell by itself.
    """

    kinds: ClassVar[frozenset[KeyKind]] = frozenset({KeyKind.AGENT})
    body_required: ClassVar[bool] = False
    authentication_classes = [BearerKey]
    permission_classes = [KeyKinds]
    parser_classes = [JsonBody]
    schema = KeySchema()
    http_method_names = [name for name in APIView.http_method_names if name != "options"]


class BridgeView(KeyView):
    """A route for MTAs."""

    kinds = frozenset({KeyKind.BRIDGE})
    authentication_classes = [BridgeKey]


class _BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = BearerKey
    name = "key"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class _BridgeScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = BridgeKey
    name = "bridgeKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "x-agentpack-key"}
