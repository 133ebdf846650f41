"""How the desk says times, sizes and ids, and the chart's geometry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.config.chart import chart
from postbox.desk.ids import as_uuid, first_id
from postbox.desk.words import age, ago, badge, octets
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail.figures import Hour

NOW = datetime(2026, 11, 16, 9, 12, 41, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"), [(-3, "0 s"), (0.2, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (200_000, "2 d")]
)
def test_age(seconds: float, words: str) -> None:
    assert age(seconds) == words


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 B"), (999, "999 B"), (3_500, "3.5 kB"), (25_000_000, "25 MB"), (10**13, "10000 GB")]
)
def test_octets(size: int, words: str) -> None:
    assert octets(size) == words


def test_ago_says_the_exact_time_too() -> None:
    with clock.frozen(NOW):
        assert ago(NOW - timedelta(minutes=3)) == (
            '<time datetime="2026-11-16T09:09:41+00:00" title="2026-11-16 09:09:41 UTC">3 min ago</time>'
        )
    assert ago(None) == "–"


def test_a_badge_escapes_its_text() -> None:
    assert "<b>" not in badge("<b>")


def test_first_id_parts_ids_by_their_time() -> None:
    before = first_id(datetime.now(UTC))
    made = uuid7()
    assert before <= made < first_id(datetime.now(UTC) + timedelta(seconds=1))


def test_as_uuid_takes_no_other_text() -> None:
    assert as_uuid("x") is None
    assert as_uuid(f" {before} ") == before if (before := first_id(NOW)) else False


_counts = st.fixed_dictionaries(
    dict.fromkeys(("processed", "received", "quarantined", "refused"), st.integers(0, 10**7))
)


@given(st.lists(_counts, min_size=1, max_size=24))
def test_bars_stand_on_the_ground_and_stay_in_the_picture(counts: list[dict[str, int]]) -> None:
    drawn = chart([Hour(NOW + timedelta(hours=n), count) for n, count in enumerate(counts)])
    for bar, count in zip(drawn.bars, counts, strict=True):
        assert drawn.left <= bar.x < bar.x + bar.width <= drawn.width
        bottom = float(drawn.base)
        for block in bar.blocks:
            assert block.y + block.height == pytest.approx(bottom, abs=0.05)
            assert block.y >= 0
            bottom = block.y
        assert len(bar.blocks) == sum(1 for value in count.values() if value)
