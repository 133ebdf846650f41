"""Limits that tighten by themselves while an attack lasts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from postbox.audit.models import AuditRecord
from postbox.ingest.limiting import alarm, limits
from postbox.lib import clock
from tests.ingest.test_rates import let_through, limit
from tests.people import known_agent

pytestmark = pytest.mark.django_db(transaction=True)


def test_limits_tighten_while_an_attack_lasts_and_relax_after_it(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    robin, start = known_agent(), clock.now().replace(minute=0, second=0)
    limit(settings, sender_hour=8)
    settings.POSTBOX_RATE_ATTACK = 6

    def at(minutes: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=minutes))
        limits.forget()

    at(0)
    assert let_through(13, robin.address) == 8  # five too many
    assert let_through(8, robin.address, client="192.0.2.8") == 8
    assert let_through(1, robin.address) == 0
    assert let_through(8, robin.address, client="192.0.2.9") == 2
    assert not alarm.relax()
    at(9)
    assert let_through(8, robin.address, client="192.0.2.10") == 2  # which goes on
    at(18)
    assert not alarm.relax()
    assert let_through(3, robin.address, client="192.0.2.11") == 2
    at(20)
    assert let_through(9, robin.address, client="192.0.2.12") == 8
    assert alarm.relax()
    assert not alarm.relax()
    said = AuditRecord.objects.filter(subject="rates").order_by("id").values_list("action", "detail")
    assert list(said) == [("rates.tightened", {"refused": 6, "share": 4}), ("rates.relaxed", {"minutes": 20})]


def test_honest_mail_that_tight_limits_turn_away_does_not_keep_them_tight_for_ever(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    robin, start = known_agent(), clock.now().replace(minute=0, second=0)
    limit(settings, sender_hour=4)
    settings.POSTBOX_RATE_ATTACK = 3
    tight = []
    for minute in range(0, 70, 5):
        monkeypatch.setattr(clock, "now", lambda minute=minute: start + timedelta(minutes=minute, seconds=30))
        limits.forget()
        alarm.relax()
        count = 8 if minute == 0 else 4  # an attack, and then mail that the usual limit would let through
        client = f"192.0.2.{minute + 1}"
        tight.append(let_through(count, robin.address, client=client) < 4)
    assert tight[1]
    assert not tight[-1]
