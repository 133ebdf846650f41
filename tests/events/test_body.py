"""The JSON of an event."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from postbox.events.body import timestamp


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 1, 31, 12, 0, 0, 123999, UTC), "2026-01-31T12:00:00.123Z"),
        (datetime(59, 11, 3, tzinfo=UTC), "0059-11-03T00:00:00.000Z"),  # strftime writes 59
    ],
)
def test_a_time_is_as_rfc_3339_has_it(at: datetime, said: str) -> None:
    assert timestamp(at) == said
