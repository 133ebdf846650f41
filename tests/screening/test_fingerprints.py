"""Mails that say the same, through the whole pipeline: marked, counted as one campaign, refused by policy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from postbox.ingest import work
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail.models import Message, Status, StepVerdict
from postbox.screening.fingerprints import store
from postbox.screening.models import Campaign, CampaignAddress, Fingerprint, Policy
from tests.people import Known, deliver, known_agent, mail
from tests.screening.test_prints import TEXT

pytestmark = pytest.mark.django_db


@pytest.fixture
def robin() -> Known:
    return known_agent()


def take(text: str, *to: str, sender: str = "ann@mercer-bikes.example") -> Message:
    """Have a mail come in and be judged."""
    (stored,) = deliver(mail(text=text, sender=sender), *to).stored
    work.run()
    return Message.objects.get(pk=stored.id)


def verdict(message: Message, step: str = "duplicate") -> tuple[str, str]:
    row = StepVerdict.objects.get(message=message, step=step)
    return row.outcome, row.code


def test_the_first_is_new_and_the_next_are_marked_and_come_in(robin: Known) -> None:
    wren = known_agent("wren")
    first = take(TEXT, robin.address)
    second = take(TEXT, wren.address, sender="bo@elsewhere.example")
    third = take(TEXT.replace("Friday", "Monday"), robin.address)
    assert [verdict(one) for one in (first, second, third)] == [
        ("pass", "new"),
        ("flag", "duplicate_of"),
        ("flag", "similar"),
    ]
    assert {one.status for one in (first, second, third)} == {Status.PROCESSED}
    campaign = Campaign.objects.get()
    assert (campaign.id, campaign.mails, campaign.addresses) == (first.id, 3, 2)
    assert campaign.last_message_id == third.id
    assert CampaignAddress.objects.count() == 2


def test_within_one_batch_too(robin: Known) -> None:
    agents = [known_agent(name) for name in ("wren", "reed", "rook")]
    raw = mail(text=TEXT)
    deliver(raw, robin.address, *(one.address for one in agents))
    assert work.run() == 4
    assert [verdict(one)[1] for one in Message.objects.order_by("id")] == ["new", *["duplicate_of"] * 3]
    campaign = Campaign.objects.get()
    assert (campaign.mails, campaign.addresses) == (4, 4)


def test_a_short_text_does_not_count(robin: Known) -> None:
    messages = [take("Thank you, see you tomorrow.", robin.address) for _ in range(2)]
    assert [verdict(one) for one in messages] == [("skip", "too_short")] * 2
    assert not Fingerprint.objects.exists()


@pytest.mark.parametrize(
    ("word", "status"),
    [("flag", Status.PROCESSED), ("quarantine", Status.QUARANTINED), ("refuse", Status.REFUSED)],
)
def test_a_policy_says_what_becomes_of_it(robin: Known, word: str, status: Status) -> None:
    Policy.objects.create(owner=robin.owner, checks={"duplicates": word, "similar": word})
    assert take(TEXT, robin.address).status == Status.PROCESSED
    assert take(TEXT, robin.address).status == status
    assert take(TEXT.replace("Friday", "Monday"), robin.address).status == status
    assert Campaign.objects.get().mails == 3


def test_what_was_long_ago_is_forgotten_and_begins_anew(robin: Known, settings: Any) -> None:
    first = take(TEXT, robin.address)
    Fingerprint.objects.update(seen_at=clock.now() - timedelta(days=settings.POSTBOX_FINGERPRINT_DAYS + 1))
    second = take(TEXT, robin.address)
    assert verdict(second) == ("pass", "new")
    assert verdict(take(TEXT, robin.address)) == ("flag", "duplicate_of")
    assert set(Fingerprint.objects.values_list("campaign_id", flat=True)) == {second.id} != {first.id}


def test_a_campaign_that_goes_on_is_not_forgotten(robin: Known, settings: Any) -> None:
    settings.POSTBOX_FINGERPRINT_DAYS = 3
    first = take(TEXT, robin.address)
    for _ in range(3):
        Fingerprint.objects.update(seen_at=clock.now() - timedelta(days=2))
        assert verdict(take(TEXT, robin.address)) == ("flag", "duplicate_of")
    assert Campaign.objects.get().id == first.id
    assert Fingerprint.objects.order_by("seen_at")[0].seen_at > clock.now() - timedelta(days=1)


def test_nothing_in_the_tables_tells_what_a_mail_said(robin: Known) -> None:
    take(TEXT, robin.address)
    take(TEXT, robin.address)
    with connection.cursor() as cursor:
        for table in ("fingerprints", "campaigns", "campaign_addresses"):
            cursor.execute(f"SELECT t::text FROM {table} t")
            found = " ".join(row[0] for row in cursor.fetchall()).lower()
            assert found
            assert not any(word in found for word in ("audit", "bicycle", "hello", "mercer"))


def test_the_look_up_finds_its_rows_by_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO fingerprints SELECT gen_random_uuid(), gen_random_uuid(), now() FROM generate_series(1, 20000)"
        )
        cursor.execute("ANALYZE fingerprints, campaigns")
        keys = "{" + ",".join(uuid7().hex for _ in range(500)) + "}"
        cursor.execute(f"EXPLAIN (COSTS OFF) {store._FIND}", [clock.now(), keys, clock.now()])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan on fingerprints" not in plan
