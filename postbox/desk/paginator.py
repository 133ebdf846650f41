"""Paging through tables of any size.

Decides how many rows a list claims to have: exactly as long as that is cheap, else the planner's estimate. It never
counts a whole table and never skips over more rows than a request may take.
"""

from __future__ import annotations

import json
from typing import Any

from django.core.paginator import Paginator
from django.db import connections
from django.db.models import QuerySet
from django.utils.functional import cached_property

EXACT_UP_TO = 1_000
MOST_PAGES = 500

_TABLE = "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)"


class EstimatedPaginator(Paginator[Any]):
    """A paginator whose ``count`` reads at most EXACT_UP_TO rows and whose last page is at most MOST_PAGES away."""

    template_name = "desk/pagination.html"
    object_list: QuerySet[Any]

    @cached_property
    def count(self) -> int:
        some = self._found
        return some if some <= EXACT_UP_TO else max(some, estimate(self.object_list))

    @property
    def estimated(self) -> bool:
        """Whether ``count`` is an estimate."""
        return self._found > EXACT_UP_TO

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, MOST_PAGES)

    @cached_property
    def reach(self) -> int:
        """How many rows can be paged to; a filter or a search reaches the others."""
        return self.num_pages * self.per_page

    @cached_property
    def _found(self) -> int:
        return self.object_list.order_by().values("pk")[: EXACT_UP_TO + 1].count()


def estimate(rows: QuerySet[Any]) -> int:
    """How many rows the planner expects: from the table's statistics when nothing is filtered, else from a plan."""
    if rows.query.has_filters():
        return int(json.loads(rows.order_by().values("pk").explain(format="json"))[0]["Plan"]["Plan Rows"])
    with connections[rows.db].cursor() as cursor:
        cursor.execute(_TABLE, [rows.model._meta.db_table])
        return max(int(cursor.fetchone()[0]), 0)
