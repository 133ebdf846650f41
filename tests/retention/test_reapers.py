"""Every reaper that the settings name: it takes what retention gives it, and deletes the old in bounded batches."""

from __future__ import annotations

import inspect
import os
import random
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from django.conf import settings as configured
from django.contrib.sessions.models import Session
from django.db import connection, connections, models, transaction
from django.utils.module_loading import import_string

from outbound.models import Repeat
from postbox.desk.ids import first_id
from postbox.events.models import Wakeup
from postbox.identity.models import Domain, DomainClaim
from postbox.ingest import expiry, threads
from postbox.ingest.inbound.models import InboundEvent
from postbox.ingest.models import Again, RateBucket, Reexamination
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail.models import ThreadKey
from postbox.retention import batches, run
from postbox.screening.models import Campaign, CampaignAddress, Correspondent, Fingerprint, SenderBaseline
from tests.people import Known
from tests.retention.test_run import reap
from webhooks.models import Endpoint, EndpointSecret, EndpointState

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 5
OLD = datetime.now(UTC) - timedelta(days=100)
YOUNG = datetime.now(UTC) - timedelta(days=80)
Maker = Callable[[Known, datetime], Any]


def id_at(at: datetime) -> uuid.UUID:
    return uuid.UUID(int=first_id(at).int + random.getrandbits(60))


def endpoint(robin: Known, at: datetime, state: EndpointState = EndpointState.DELETED) -> Endpoint:
    url = f"https://robin.example/{uuid.uuid4()}"
    return Endpoint.objects.create(id=id_at(at), agent=robin.agent, url=url, state=state, created_at=at)


def secret(robin: Known, at: datetime) -> None:
    of = endpoint(robin, at, EndpointState.ACTIVE)
    EndpointSecret.objects.create(endpoint=of, sealed=b"", expires_at=at + timedelta(days=90))


def session(robin: Known, at: datetime) -> None:
    expires = at + timedelta(days=90)
    Session.objects.create(session_key=uuid.uuid4().hex, session_data="", expire_date=expires)


def wakeup(robin: Known, at: datetime) -> None:
    Wakeup.objects.create(work=uuid.uuid4().hex, waiting_since=at)


def provider_event(robin: Known, at: datetime) -> None:
    InboundEvent.objects.create(provider="ses", event=uuid.uuid4().bytes, received_at=at)


def thread_name(robin: Known, at: datetime) -> None:
    ThreadKey.objects.create(key=uuid.uuid4(), thread_id=uuid.uuid4(), seen_at=at)


def reexamination(robin: Known, at: datetime) -> None:
    Reexamination.objects.create(
        id=id_at(at), kind=Again.RESCORE, before=uuid7(), total=0, asked_by="test", finished_at=at
    )


def rate_bucket(robin: Known, at: datetime) -> None:
    """Kept until its window ends, however long mail is kept."""
    ends = at + timedelta(days=90)
    RateBucket.objects.create(key=os.urandom(16), used=1, granted=1, most=5, ends=ends)


def fingerprint(robin: Known, at: datetime) -> None:
    """Kept for two weeks, however long mail is kept."""
    Fingerprint.objects.create(key=uuid.uuid4(), campaign_id=uuid.uuid4(), seen_at=at + timedelta(days=76))


def campaign(robin: Known, at: datetime) -> None:
    made = Campaign.objects.create(id=uuid.uuid4(), mails=2, addresses=1, last_seen=at, last_message_id=uuid.uuid4())
    CampaignAddress.objects.create(campaign_id=made.id, address_id=uuid.uuid4())


def correspondent(robin: Known, at: datetime) -> None:
    name = f"d{uuid.uuid4().hex}.example"
    Correspondent.objects.create(owner=robin.owner, domain=name, mails=1, first_seen=at, last_seen=at)


def baseline(robin: Known, at: datetime) -> None:
    known: dict[str, Any] = {"sizes": [1], "hours": [9], "days": [], "today": 1, "mails": 1, "attached": 0}
    SenderBaseline.objects.create(agent=robin.agent, sender=f"{uuid.uuid4().hex}@b.example", day=at.date(), **known)


def domain_claim(robin: Known, at: datetime) -> None:
    domain = Domain.objects.create(name=f"d{uuid.uuid4().hex}.example", owner=robin.owner)
    DomainClaim.objects.create(id=id_at(at), domain=domain, owner=robin.owner, created_at=at)


def repeat(robin: Known, at: datetime) -> None:
    """Held for a day, however long mail is kept."""
    made = at + timedelta(days=89)
    Repeat.objects.create(agent=robin.agent, key=os.urandom(32), body=b"", answer={}, created_at=made)


# One row each, as old as is said: 100 days and it must go, 80 days and it must not.
EXPIRING: dict[str, tuple[type[models.Model], Maker]] = {
    "webhooks.reaping.expired_secrets": (EndpointSecret, secret),
    "webhooks.reaping.deleted_endpoints": (Endpoint, endpoint),
    "postbox.retention.expired.sessions": (Session, session),
    "postbox.retention.expired.wakeups": (Wakeup, wakeup),
    "postbox.ingest.expiry.provider_events": (InboundEvent, provider_event),
    "postbox.ingest.expiry.thread_names": (ThreadKey, thread_name),
    "postbox.ingest.expiry.reexaminations": (Reexamination, reexamination),
    "postbox.ingest.expiry.rate_buckets": (RateBucket, rate_bucket),
    "postbox.screening.expiry.fingerprints": (Fingerprint, fingerprint),
    "postbox.screening.expiry.campaigns": (Campaign, campaign),
    "postbox.screening.expiry.correspondents": (Correspondent, correspondent),
    "postbox.screening.expiry.baselines": (SenderBaseline, baseline),
    "postbox.identity.domain.claims.expired_claims": (DomainClaim, domain_claim),
    "outbound.repeats.expire": (Repeat, repeat),
}


def test_each_that_the_settings_name_is_tried_here() -> None:
    assert set(configured.POSTBOX_REAPERS["expired"]) == set(EXPIRING)
    assert len(batches.expiring()) == len({name for name, _ in batches.expiring()}) == len(EXPIRING)


@pytest.mark.parametrize("name", configured.POSTBOX_REAPERS["expired"])
def test_what_expires_takes_a_cutoff_and_a_limit(name: str) -> None:
    expiry_of: Callable[..., Any] = import_string(name)
    inspect.signature(expiry_of).bind(OLD, 10)
    hints = get_type_hints(expiry_of)
    assert [hints.pop("return"), *hints.values()] == [int, datetime, int]


@pytest.mark.parametrize("what", ["events", "messages"])
def test_what_goes_with_events_or_messages_takes_their_ids(what: str) -> None:
    for name in configured.POSTBOX_REAPERS[what]:
        reaper: Callable[..., Any] = import_string(name)
        inspect.signature(reaper).bind([uuid7()])
        assert list(get_type_hints(reaper).values())[0] == Sequence[uuid.UUID]
        assert reaper([uuid7()]) == 0


def count_one(model: type[models.Model]) -> None:
    """A planner that takes a table for one row's joins by loops, and looks once for each row where it may."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {model._meta.db_table}")


@pytest.mark.parametrize("name", EXPIRING)
def test_what_is_old_goes_in_bounded_batches_and_the_young_stays(robin: Known, bucket: Path, name: str) -> None:
    model, make = EXPIRING[name]
    make(robin, OLD)
    count_one(model)
    for _ in range(COUNT - 1):
        make(robin, OLD)
    young = set(model._default_manager.values_list("pk", flat=True))
    make(robin, YOUNG)
    young = set(model._default_manager.values_list("pk", flat=True)) - young
    before, cutoff = model._default_manager.count(), run.cutoff_of(90)
    deleted: list[int] = []
    while not deleted or deleted[-1]:
        with transaction.atomic():
            deleted.append(batches.reap_expired(import_string(name), cutoff, 2))
    assert deleted == [2, 2, 1, 0]
    assert model._default_manager.count() == before - COUNT
    assert set(model._default_manager.filter(pk__in=list(young)).values_list("pk", flat=True)) == young


def test_a_run_counts_each_by_name(robin: Known, bucket: Path) -> None:
    for _, make in EXPIRING.values():
        make(robin, OLD)
    counts = reap().counts
    assert counts == {name.rpartition(".")[2]: 1 for name in EXPIRING}


def test_unfinished_work_stays_however_old(robin: Known, bucket: Path) -> None:
    reexamination(robin, OLD)
    Reexamination.objects.update(finished_at=None)
    assert reap().counts == {}
    Reexamination.objects.update(finished_at=clock.now())  # it took a hundred days
    assert reap().counts == {}


def test_a_name_in_use_goes_the_next_time_and_nobody_waits(robin: Known, bucket: Path) -> None:
    for _ in range(3):
        thread_name(robin, OLD)
    held = ThreadKey.objects.first()
    assert held is not None
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM thread_keys WHERE key = %s FOR UPDATE", [held.key])
            assert reap().counts == {"thread_names": 2}
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert reap().counts == {"thread_names": 1}


def test_rows_that_others_hold_for_long_leave_the_run_for_later(robin: Known, bucket: Path) -> None:
    """Not every reaper can pass over a held row; then the run says that it is not done, and nothing is lost."""
    session(robin, OLD)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM django_session FOR UPDATE")
            begun = run.start()
            assert not run.go_on()
            begun.refresh_from_db()
            assert (begun.finished_at, begun.counts) == (None, {})
            assert begun.not_before > clock.now()
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert reap().counts["sessions"] == 1


def test_old_names_are_found_by_their_age_and_the_rest_is_not_read() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO thread_keys (key, thread_id, seen_at) SELECT gen_random_uuid(), gen_random_uuid(), "
            "now() - n * interval '5 min' FROM generate_series(1, 30000) n"
        )
        cursor.execute("ANALYZE thread_keys")
    with transaction.atomic(), connection.cursor() as cursor:
        batches._begin()
        cursor.execute(f"EXPLAIN (COSTS OFF) {expiry._NAMES}", [run.cutoff_of(90), 100])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Scan using thread_keys_age" in plan, plan
    assert "Sort" not in plan, plan
    assert "Seq Scan" not in plan, plan


def test_a_thread_whose_names_expired_is_still_found_by_its_first_mail(robin: Known, bucket: Path) -> None:
    from tests.ingest.test_threads import case_of, mail

    def thread_of(raw: bytes, days: float) -> uuid.UUID | None:
        case = case_of(raw, agent=robin.agent.id, days=days)
        threads.assign([case])
        with transaction.atomic(), connection.cursor() as cursor:
            threads.keep(cursor, [case])
        return case.thread_id

    first = thread_of(mail("a"), -100)
    assert reap().counts["thread_names"] > 0
    assert not ThreadKey.objects.exists()
    assert thread_of(mail("c", "Other", References="<a> <b>"), 0) == first
