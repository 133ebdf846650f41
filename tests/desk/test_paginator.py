"""Paging without counting a whole table."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from postbox.audit.models import AuditRecord
from postbox.desk.paginator import EXACT_UP_TO, MOST_PAGES, EstimatedPaginator, estimate

pytestmark = pytest.mark.django_db


def _make(count: int) -> None:
    AuditRecord.objects.bulk_create([AuditRecord(actor="test", action=f"a.{n % 2}", subject="s") for n in range(count)])


def test_a_short_list_is_counted_exactly() -> None:
    _make(7)
    pages = EstimatedPaginator(AuditRecord.objects.order_by("-id"), 5)
    assert (pages.count, pages.num_pages, pages.estimated) == (7, 2, False)


def test_a_long_list_is_estimated_and_never_counted_through() -> None:
    _make(EXACT_UP_TO * 3)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE audit_records")
    for rows, expected in (
        (AuditRecord.objects.all(), EXACT_UP_TO * 3),
        (AuditRecord.objects.filter(action="a.1"), EXACT_UP_TO * 1.5),
    ):
        pages = EstimatedPaginator(rows.order_by("-id"), 5)
        with CaptureQueriesContext(connection) as captured:
            assert pages.count == pytest.approx(expected, rel=0.2)
        assert pages.estimated
        assert all("COUNT" not in query["sql"].upper() or "LIMIT" in query["sql"] for query in captured)
        assert pages.num_pages == min(MOST_PAGES, -(-pages.count // 5))
        assert len(pages.page(2).object_list) == 5


def test_statistics_that_lag_behind_never_say_less_than_was_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE audit_records")
    _make(EXACT_UP_TO + 50)
    assert estimate(AuditRecord.objects.all()) < EXACT_UP_TO
    assert EstimatedPaginator(AuditRecord.objects.order_by("-id"), 5).count == EXACT_UP_TO + 1
