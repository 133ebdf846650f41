"""``/healthz``: the process answers. ``/readyz``: what it needs answers too, and what is missing is named."""

from __future__ import annotations

from typing import Any

from celery import current_app
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class HealthAnswer(serializers.Serializer[dict[str, str]]):
    status = serializers.CharField(help_text="ok")


class ReadyAnswer(serializers.Serializer[dict[str, Any]]):
    status = serializers.CharField(help_text="ok, degraded or unavailable")
    missing = serializers.DictField(child=serializers.CharField(), help_text="What does not answer: name to problem.")


class HealthView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(operation_id="healthz", summary="Does the process answer?", responses={200: HealthAnswer})
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class ReadyView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="readyz",
        summary="Does what the process needs answer?",
        description="`degraded`: mail is taken in and waits. `unavailable`: nothing can be stored.",
        responses={200: ReadyAnswer, 503: ReadyAnswer},
    )
    def get(self, request: Request) -> Response:
        checks = {"database": _database(), "broker": broker_problem()}
        missing = {name: problem for name, problem in checks.items() if problem}
        # Mail is accepted without a broker (the sweep finds it later), so only the database makes it not ready.
        ready = "database" not in missing
        status = "degraded" if missing and ready else "ok" if ready else "unavailable"
        return Response({"status": status, "missing": missing}, status=200 if ready else 503)


_migrated = False


def _database() -> str:
    global _migrated
    try:
        connection.ensure_connection()
        if not _migrated:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return "migrations are waiting: run `postbox migrate`"
            _migrated = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "PostgreSQL does not answer"
    return ""


def broker_problem() -> str:
    """Why the broker cannot be used, or nothing."""
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=0, timeout=2)
    except Exception:  # whatever the transport raises means the same here
        return "the broker does not answer"
    return ""
