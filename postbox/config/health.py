"""``/healthz``: the process answers. ``/readyz``: what it needs answers too, and what is missing is named."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from postbox.events.sweep import MISSED_AFTER, last_sweep
from postbox.identity.keys import data_key
from postbox.identity.models import AgentKey
from postbox.lib import clock
from postbox.lib.envelope import MasterKeyMissing, SealBroken
from postbox.metrics import heartbeat


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
        missing = _missing()
        # Mail is accepted without broker and workers (a sweep finds it later), and not without these.
        ready = not missing.keys() & {"database", "master_key"}
        status = "degraded" if missing and ready else "ok" if ready else "unavailable"
        return Response({"status": status, "missing": missing}, status=200 if ready else 503)


def _missing() -> dict[str, str]:
    """What does not answer: name to problem."""
    checks = {"database": _database()}
    if not checks["database"]:
        checks |= {"master_key": _master_key()} | _workers() | {"sweep": _sweep()}
    checks["broker"] = broker_problem()
    return {name: problem for name, problem in checks.items() if problem}


def _master_key() -> str:
    """Whether the key that is set opens what is stored; a new system has stored nothing yet."""
    agent_id = AgentKey.objects.order_by("-created_at").values_list("agent_id", flat=True).first()
    if agent_id is None:
        return ""
    try:
        data_key(agent_id, fresh=True)
    except AgentKey.DoesNotExist:  # erased between the two
        return ""
    except (MasterKeyMissing, SealBroken):
        return "POSTBOX_MASTER_KEYS does not open the stored keys: put back the key that they were made with"
    return ""


def _workers() -> dict[str, str]:
    now, heard = clock.now(), heartbeat.heard()
    return {
        name: _silence(now - heard[name] if name in heard else None, heartbeat.SILENT_AFTER)
        for name in settings.POSTBOX_WORKERS
    }


def _sweep() -> str:
    at = last_sweep()
    return _silence(clock.now() - at if at else None, MISSED_AFTER)


def _silence(since: timedelta | None, most: timedelta) -> str:
    if since is None:
        return "not heard of yet"
    return f"not heard of for {since.total_seconds():.0f} s" if since > most else ""


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
