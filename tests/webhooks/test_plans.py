"""The hot statements find their rows by index, however many rows are done with."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.db import connection

from postbox.lib import clock
from tests.people import Known
from tests.webhooks.scene import endpoint_of, happen
from webhooks import claim
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def settled(robin: Known) -> None:
    """Some thousand deliveries that were made long ago, and one that waits."""
    for number in range(5):
        endpoint_of(robin, f"https://hook{number}.example/")
    happen(robin, 400)
    for _ in range(10):
        claim.new(128, {})
    Delivery.objects.update(state="delivered", lease_token=None, leased_until=None)
    happen(robin)
    claim.new(1, {})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def scans(sql: str, values: dict[str, Any]) -> list[tuple[str, str]]:
    """Every scan of a table in the plan: its kind and the table."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql, values)
        plan = cursor.fetchone()[0]
    found: list[tuple[str, str]] = []
    _walk((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"], found)
    return found


def _walk(node: dict[str, Any], found: list[tuple[str, str]]) -> None:
    if "Relation Name" in node and "Scan" in node["Node Type"]:
        found.append((node["Node Type"], node["Relation Name"]))
    for child in node.get("Plans", []):
        _walk(child, found)


def values(**more: Any) -> dict[str, Any]:
    now = clock.now()
    return {"now": now, "until": now, "token": uuid.uuid4(), "limit": 128, "busy": [], "rooms": []} | more


def test_claiming_what_is_due_reads_no_settled_delivery(settled: None) -> None:
    found = scans(claim._AGAIN, values(slow_limit=8))
    assert {"webhook_deliveries"} <= {table for _, table in found}
    assert ("Seq Scan", "webhook_deliveries") not in found
    assert ("Seq Scan", "events") not in found


def test_fan_out_reads_no_delivery_and_no_old_event(settled: None) -> None:
    found = scans(claim._NEW, values())
    assert ("Seq Scan", "events") not in found
    assert "webhook_deliveries" not in {table for _, table in found}


def test_looking_whether_anything_is_due(settled: None) -> None:
    found = scans(claim._DUE, values())
    assert ("Seq Scan", "webhook_deliveries") not in found
