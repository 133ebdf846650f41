"""What is unusual for a sender and an agent: told in words, by robust statistics, once enough is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from postbox.ingest import work
from postbox.lib import clock
from postbox.mail.models import Message, Status, StepVerdict
from postbox.screening.baselines.usual import NOTHING, Baseline, Traits, unusual
from postbox.screening.models import Policy, SenderBaseline
from tests.people import Known, deliver, known_agent, mail

NOON = datetime(2026, 11, 16, 12, 30, tzinfo=UTC)
DAYS = (3, 4, 2, 5, 3, 4)
ANN = Baseline(40, 0, (2000, 2300, 1800, 2100, 2500, 1900) * 4, (9, 10, 11, 12, 13) * 5, DAYS, 2, NOON.date())
BUSY = Baseline(900, 30, (), (), (40, 45, 38, 50, 42, 44), 20, NOON.date())


def codes(
    sender: Baseline = ANN,
    agent: Baseline = BUSY,
    at: datetime = NOON,
    size: int = 2200,
    attachments: int = 0,
    reply_to: str = "",
) -> list[str]:
    return [code for code, _ in unusual(Traits(at, size, attachments, reply_to), sender, agent)]


def test_what_is_usual_is_not_told() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("mail", "code"),
    [
        ({"size": 400_000}, "size"),
        ({"size": 60}, "size"),
        ({"attachments": 1}, "attachments"),
        ({"reply_to": "0123456789abcdef"}, "reply_to_changed"),
        ({"at": NOON.replace(hour=3)}, "hour"),
    ],
)
def test_each_oddity_is_told_and_only_that(mail: dict[str, int], code: str) -> None:
    assert codes(**mail) == [code]  # type: ignore[arg-type]
    assert codes(Baseline(10, 0, (2000,) * 10, (9,) * 10), **mail) == []  # type: ignore[arg-type]  # too little is known


def test_more_mail_than_usual() -> None:
    many = Baseline(400, 9, ANN.sizes, ANN.hours, DAYS, 60, NOON.date())
    assert codes(many) == ["sender_volume"]
    assert codes(many, at=NOON + timedelta(days=1)) == []  # a new day, of which this is the first
    flood = Baseline(900, 30, (), (), BUSY.days, 400, NOON.date())
    assert codes(agent=flood) == ["agent_volume"]


def test_the_first_mail_of_an_author_is_told_where_the_agent_has_others() -> None:
    assert codes(NOTHING) == ["first_contact"]
    assert codes(NOTHING, NOTHING) == []


def test_a_few_odd_mails_move_nothing() -> None:
    sizes = (2000, 2300, 1800, 2100, 2500, 1900) * 3 + (9_000_000,) * 5
    assert codes(Baseline(40, 0, sizes, ANN.hours, DAYS, 2, NOON.date()), size=400_000) == ["size"]


def test_midnight_lies_beside_eleven() -> None:
    night = Baseline(40, 0, ANN.sizes, (23, 0) * 12, DAYS, 2, NOON.date())
    assert codes(night, at=NOON.replace(hour=1)) == []
    assert codes(night, at=NOON.replace(hour=12)) == ["hour"]


_counts = st.lists(st.integers(0, 10**9), max_size=32).map(tuple)


@given(
    st.builds(
        Baseline,
        st.integers(0, 10**6),
        st.integers(0, 10**6),
        st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=32).map(tuple),
        st.lists(st.integers(0, 23), max_size=32).map(tuple),
        _counts,
        st.integers(0, 10**6),
        st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    ),
    st.integers(0, 2**31 - 1),
)
def test_any_baseline_can_be_compared_with(known: Baseline, size: int) -> None:
    found: Sequence[tuple[str, str]] = list(unusual(Traits(NOON, size, 1, ""), known, known))
    assert len({code for code, _ in found}) == len(found)
    assert all(words.endswith(".") for _, words in found)


@pytest.fixture
def robin() -> Known:
    return known_agent()


def take(robin: Known, **rest: str) -> tuple[str, str, str]:
    (stored,) = deliver(mail(**rest), robin.address).stored
    work.run()
    row = StepVerdict.objects.get(message_id=stored.id, step="anomalies")
    return row.outcome, row.code, Message.objects.get(pk=stored.id).status


@pytest.mark.django_db
def test_a_sender_that_changes_is_flagged_and_comes_in_unless_the_policy_says_more(robin: Known) -> None:
    for _ in range(25):
        deliver(mail(), robin.address)
    assert work.run() == 25
    assert take(robin) == ("pass", "usual", Status.PROCESSED)
    reply_to = "Reply-To: ann@elsewhere.example\r\n"
    assert take(robin, headers=reply_to) == ("flag", "reply_to_changed", Status.PROCESSED)
    assert take(robin, headers=reply_to) == ("pass", "usual", Status.PROCESSED)
    assert take(robin, text="x " * 90_000, headers=reply_to)[:2] == ("flag", "size")
    assert take(robin, sender="bo@mercer-bikes.example")[:2] == ("flag", "first_contact")
    Policy.objects.create(owner=robin.owner, checks={"anomalies": "quarantine"})
    assert take(robin) == ("quarantine", "reply_to_changed", Status.QUARANTINED)


@pytest.mark.django_db
def test_a_row_a_sender_and_one_an_agent_which_stay_small(robin: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    for day in range(20):
        monkeypatch.setattr(clock, "now", lambda day=day: now + timedelta(days=day))
        for _ in range(3):
            deliver(mail(), robin.address)
        work.run()
    rows = list(SenderBaseline.objects.order_by("sender"))
    assert [row.sender for row in rows] == ["", "ann@mercer-bikes.example"]
    for row in rows:
        assert (row.mails, row.attached, row.today, row.day) == (60, 0, 3, (now + timedelta(days=19)).date())
        assert (len(row.sizes), len(row.hours), row.days) == (32, 32, [3] * 14)


@pytest.mark.django_db
def test_the_table_tells_no_address_of_reply_to(robin: Known) -> None:
    take(robin, headers="Reply-To: kingfisher@elsewhere.example\r\n")
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(b::text, ' ') FROM baselines b")
        assert "kingfisher" not in cursor.fetchone()[0]
