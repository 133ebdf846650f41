from __future__ import annotations

from postbox.lib.kept import Kept


def test_a_value_is_kept_for_its_time_and_no_longer(kept_clock: list[float]) -> None:
    kept: Kept[str, int] = Kept(seconds=0.05)
    assert kept.put("a", 1) == 1
    kept_clock[0] += 0.04
    assert kept.get("a") == 1
    kept_clock[0] += 0.02
    assert kept.get("a") is None


def test_it_never_grows_beyond_its_bound() -> None:
    kept: Kept[int, int] = Kept(seconds=60, most=10)
    for number in range(1000):
        kept.put(number, number)
        assert len(kept._values) <= 10
    assert kept.get(999) == 999
