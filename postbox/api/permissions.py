"""The default permission: none. A route that names no key kinds answers nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

if TYPE_CHECKING:  # the views load this module by name while they are being imported
    from rest_framework.request import Request
    from rest_framework.views import APIView


class Deny(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return False
