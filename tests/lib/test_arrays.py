"""Arrays as we write them are what the server reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from django.db import connection

from postbox.lib.arrays import as_array, as_instants, as_uuids, instant

IDS = [UUID(int=1), None, UUID("f" * 32), UUID("0197a3f0-1234-7abc-8def-0123456789ab")]
TIMES = [
    datetime(2026, 11, 21, 12, 30, 15, 123457, UTC),
    datetime(1999, 12, 31, 23, 59, 59, 999999, UTC),
    datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=30))),
]


@pytest.mark.django_db
def test_the_server_reads_what_was_meant() -> None:
    with connection.cursor() as cursor:
        for _ in range(7):  # as text at first, then prepared
            cursor.execute(
                "SELECT %s::uuid[], %s::timestamptz[], %s::uuid[], %s::timestamptz[], %s::text[]",
                [
                    as_uuids(None if one is None else one.hex for one in IDS),
                    as_instants(map(instant, TIMES)),
                    as_uuids([]),
                    as_instants([]),
                    as_array(["a", "NULL", "b"]),
                ],
            )
            assert cursor.fetchone() == (IDS, TIMES, [], [], ["a", None, "b"])
