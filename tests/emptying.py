"""The database emptied after a test that committed: by deleting the few rows that it left.

Django's own way truncates every table and makes all permissions anew, in 160 statements: ten times as slow as most
of these tests. It is still taken where many rows were left, where the permissions or the roles are no longer what the
migrations made, and where rows came from a thread that outlived its test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.test import TransactionTestCase

from postbox.config import roles

# Made by the migrations, and needed by the next test.
KEPT = ("django_content_type", "auth_permission", "auth_group", "auth_group_permissions")
# Rows of one table. Each one costs a look into every table that refers to it.
FEW = 1000
# Rows of these tables cannot be deleted.
APPEND_ONLY = ("audit_records",)


class Emptying:
    """How one worker's database is emptied. Made when the database is as its migrations left it."""

    def __init__(self) -> None:
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        filled = [table for table in tables if table not in KEPT]
        counted = [f"SELECT '{t}', count(*) FROM (SELECT FROM \"{t}\" LIMIT {FEW + 1}) AS few" for t in filled]
        self._count = " UNION ALL ".join(counted)
        whole = [f"SELECT string_agg(kept::text, ' ' ORDER BY kept::text) AS rows FROM \"{t}\" AS kept" for t in KEPT]
        self._look = f"SELECT md5(string_agg(rows, ' ' ORDER BY rows)) FROM ({' UNION ALL '.join(whole)}) AS all_rows"
        self._made = self._kept()
        self._flush: Callable[[Any], None] = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def install(self) -> None:
        """Empty the database in this way after each test that pytest-django lets commit."""

        def after_a_test(case: TransactionTestCase) -> None:
            if case.available_apps is not None or not self.done():
                self._flush(case)
                roles.ensure()
                self._made = self._kept()  # the same with other numbers

        TransactionTestCase._fixture_teardown = after_a_test  # type: ignore[attr-defined]

    def done(self) -> bool:
        """Whether the rows are gone; if not, nothing was done."""
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(self._count)
                left = {table: count for table, count in cursor.fetchall() if count}
                if max(left.values(), default=0) > FEW or self._kept() != self._made:
                    return False
                for table in left:
                    cursor.execute(f'TRUNCATE "{table}"' if table in APPEND_ONLY else f'DELETE FROM "{table}"')
        except IntegrityError:  # foreign keys are checked at the end of the transaction, so the order does not matter
            return False
        return True

    def _kept(self) -> str:
        with connection.cursor() as cursor:
            cursor.execute(self._look)
            (digest,) = cursor.fetchone()
        return str(digest)
