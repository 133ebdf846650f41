"""What is old goes, all of it and nothing else, whoever runs it and however often."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from postbox.audit.models import AuditRecord
from postbox.events.models import Event, EventCopy
from postbox.ingest import spool, work
from postbox.lib import clock
from postbox.mail.models import Message, SpooledMail, Status
from postbox.retention import batches, run
from postbox.retention.models import ReapedMessage, Run
from tests.ingest.test_attachments import with_file
from tests.people import Known, deliver, mail
from tests.retention.crowd import blobs_in, crowd, move_to, tables_with
from tests.webhooks.scene import happen
from webhooks.models import Attempt, Delivery, Endpoint

pytestmark = pytest.mark.django_db(transaction=True)

OLD = datetime.now(UTC) - timedelta(days=100)


def reap(days: int | None = None) -> Run:
    """A run to its end."""
    begun = run.start(days)
    while run.go_on():
        pass
    begun.refresh_from_db()
    return begun


def test_nothing_is_left_of_an_old_mail_and_everything_of_a_young_one(robin: Known, bucket: Path) -> None:
    endpoint = Endpoint.objects.create(agent=robin.agent, url="https://robin.example/hook")
    for raw in (with_file(), mail("young")):
        deliver(raw, robin.address)
        work.run()
        event = Event.objects.latest("id")
        delivery = Delivery.objects.create(endpoint=endpoint, event=event, sequence=1)
        Attempt.objects.create(delivery=delivery, number=1, at=clock.now(), duration_ms=1, status=200)
        assert EventCopy.objects.filter(event=event).exists()
        spool.empty()
    old, young = Message.objects.order_by("id")
    old_event = Event.objects.get(message_id=old.id)
    before = tables_with(str(young.id))
    assert set(tables_with(str(old.id))) == set(before) | {"attachments"}
    assert {"messages", "message_keys", "message_contents", "verdicts", "events"} <= {t.split(".")[-1] for t in before}
    year = timedelta(days=365)
    at = old.received_at + timedelta(days=90)
    # The two came within moments: the ids say which is which, to the millisecond.
    Message.objects.filter(pk=young.id).update(received_at=young.received_at + year)
    with clock.frozen(at + timedelta(hours=1)):
        counts = reap().counts
    assert counts["messages"] == counts["events"] == counts["blobs"] == 1
    assert tables_with(str(old.id)) == []
    assert tables_with(str(old_event.id)) == []
    assert tables_with(str(young.id)) == before
    assert blobs_in(bucket) == [young.body_ref]
    assert (Delivery.objects.count(), Attempt.objects.count()) == (1, 1)


def test_the_boundary_is_a_millisecond(robin: Known, bucket: Path) -> None:
    now = datetime(2026, 11, 21, 3, 17, tzinfo=UTC)
    cutoff = now - timedelta(days=90)
    ids = crowd(robin.agent, 5, cutoff - timedelta(milliseconds=2))
    with clock.frozen(now):
        assert reap(90).cutoff == cutoff
    assert list(Message.objects.order_by("id").values_list("id", flat=True)) == ids[2:]


def test_a_clock_that_was_set_back_expires_nothing_early(robin: Known, bucket: Path) -> None:
    (kept,) = crowd(robin.agent, 1, OLD)
    Message.objects.filter(pk=kept).update(received_at=clock.now())
    assert "messages" not in reap().counts
    assert Message.objects.get().pk == kept


def test_mail_that_waits_is_kept_however_old(robin: Known, bucket: Path) -> None:
    waiting = crowd(robin.agent, 3, OLD, status="received", spooled=True)
    for number, status in enumerate(("processed", "quarantined", "refused"), 1):
        crowd(robin.agent, 2, OLD + timedelta(minutes=number), status=status)
    assert reap().counts["messages"] == 6
    assert list(Message.objects.order_by("id").values_list("id", flat=True)) == waiting
    assert SpooledMail.objects.count() == 3


def test_every_state_is_known_to_retention() -> None:
    """A new state must be named here: either it is settled, or it waits and is never reaped."""
    assert {Status.RECEIVED, Status.QUEUED, Status.SENDING} | set(batches.SETTLED) == set(Status)


def test_a_run_twice_over_finds_nothing_and_leaves_two_records(robin: Known, bucket: Path) -> None:
    move_to(bucket, crowd(robin.agent, 20, OLD))
    first, second = reap(), reap()
    assert (first.counts["messages"], first.counts["blobs"], second.counts) == (20, 20, {})
    records = list(AuditRecord.objects.filter(action="retention.run").order_by("id"))
    assert [record.subject for record in records] == [str(first.pk), str(second.pk)]
    assert (records[0].detail["messages"], records[0].detail["days"]) == (20, 90)
    assert blobs_in(bucket) == []
    assert list(bucket.iterdir()) == []  # nor are empty folders left


def test_many_at_once_delete_each_mail_once(robin: Known, bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = crowd(robin.agent, 600, OLD)
    move_to(bucket, ids)
    monkeypatch.setattr(run, "SLICE_SECONDS", 0.05)
    gate = threading.Barrier(4)
    errors: list[Exception] = []
    slices: list[bool] = []

    def another() -> None:
        gate.wait()
        try:
            run.start()
            slices.extend(run.go_on(0.05) for _ in range(60))
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=another) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert True in slices  # the work took more than one slice
    while run.go_on():
        pass
    counts = [begun.counts for begun in Run.objects.all()]
    assert not Run.objects.filter(finished_at=None).exists()
    assert sum(count.get("messages", 0) for count in counts) == 600
    assert not Message.objects.exists()
    assert blobs_in(bucket) == []


def test_a_second_reaper_does_nothing_while_one_is_at_work(robin: Known, bucket: Path) -> None:
    crowd(robin.agent, 3, OLD)
    run.start()
    taken, ended = threading.Event(), threading.Event()

    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext('postbox.retention'))")
            taken.set()
            ended.wait(20)
            cursor.execute("SELECT pg_advisory_unlock(hashtext('postbox.retention'))")
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert taken.wait(20)
    assert run.go_on() is False
    assert Message.objects.count() == 3
    ended.set()
    thread.join(20)
    assert run.go_on() is False
    assert Message.objects.count() == 0


def test_rows_that_others_hold_are_passed_over_or_tried_again(robin: Known, bucket: Path) -> None:
    ids = crowd(robin.agent, 3, OLD)
    held, ended = threading.Barrier(3), threading.Event()

    def hold(rows: Any, seconds: float) -> None:
        with transaction.atomic():
            assert list(rows.select_for_update())
            held.wait(20)
            ended.wait(seconds)
        connection.close()

    message = Message.objects.filter(pk=ids[0])
    delivery = Delivery.objects.filter(event__message_id=ids[1]).select_related(None)
    threads = [threading.Thread(target=hold, args=given) for given in ((message, 20.0), (delivery, 0.3))]
    for thread in threads:
        thread.start()
    held.wait(20)
    reap()
    assert list(Message.objects.values_list("id", flat=True)) == [ids[0]]
    ended.set()
    for thread in threads:
        thread.join(20)
    reap()
    assert not Message.objects.exists()


def test_batches_are_small_by_rows_and_by_octets(robin: Known, bucket: Path) -> None:
    ids = crowd(robin.agent, 30, OLD)
    cutoff = run.cutoff_of(90)
    with transaction.atomic():
        first = batches.reap_messages(cutoff, None, 7)
    assert (first.messages, first.last) == (7, ids[6])
    Message.objects.update(size=batches.BATCH_BYTES // 3)
    with transaction.atomic():
        assert batches.reap_messages(cutoff, first.last, 20).messages == 3
    Message.objects.update(size=batches.BATCH_BYTES * 2)
    with transaction.atomic():
        assert batches.reap_messages(cutoff, first.last, 20).messages == 1


def test_spooled_mail_goes_with_its_rows_but_never_under_the_movers_hands(robin: Known, bucket: Path) -> None:
    crowd(robin.agent, 4, OLD, spooled=True)
    moving, moved = threading.Event(), threading.Event()

    def mover() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext('postbox.spool'))")
            moving.set()
            moved.wait(20)
            cursor.execute("SELECT pg_advisory_unlock(hashtext('postbox.spool'))")
        connection.close()

    thread = threading.Thread(target=mover)
    thread.start()
    assert moving.wait(20)
    assert "messages" not in reap().counts
    moved.set()
    thread.join(20)
    assert (Message.objects.count(), SpooledMail.objects.count()) == (4, 4)
    assert reap().counts["messages"] == 4
    assert (Message.objects.count(), SpooledMail.objects.count()) == (0, 0)


def test_what_a_mover_that_died_had_written_goes_too(robin: Known, bucket: Path) -> None:
    ids = crowd(robin.agent, 2, OLD, spooled=True)
    from postbox.mail import blobs

    whole, draft = bucket / blobs.name_of(ids[0]), (bucket / blobs.name_of(ids[1])).with_suffix(".new")
    whole.parent.mkdir()
    whole.write_bytes(b"sealed")
    draft.write_bytes(b"sea")
    reap()
    assert blobs_in(bucket) == []
    assert not ReapedMessage.objects.exists()


def test_events_without_a_message_expire_by_themselves(robin: Known, bucket: Path) -> None:
    happen(robin, 3, kind="agent.paused")
    young = happen(robin, 2, kind="agent.resumed")
    with clock.frozen(clock.now() + timedelta(days=90, hours=1)):
        Event.objects.filter(pk__in=young).update(created_at=clock.now())
        assert reap().counts == {"messages": 0, "events": 3}
    assert set(Event.objects.values_list("id", flat=True)) == set(young)
    assert set(EventCopy.objects.values_list("event_id", flat=True)) == set(young)


def test_a_busy_run_waits_and_says_so(robin: Known, bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that refers to messages and is unknown to retention stops a batch: nothing is half deleted."""
    (kept,) = crowd(robin.agent, 1, OLD)
    monkeypatch.setattr(run, "_REFUSALS", 2)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE stranger (message_id uuid REFERENCES messages DEFERRABLE INITIALLY DEFERRED)")
        cursor.execute("INSERT INTO stranger VALUES (%s)", [kept])
    try:
        begun = reap()
        assert begun.finished_at is None
        assert not run.due()
        assert len(tables_with(str(kept))) > 5
        assert not ReapedMessage.objects.exists()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE stranger")
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        assert run.due()
        while run.go_on():
            pass
    assert tables_with(str(kept)) == []


def test_every_table_that_refers_to_what_is_reaped_is_reaped() -> None:
    query = """
    SELECT confrelid::regclass::text, conrelid::regclass::text FROM pg_constraint
    WHERE contype = 'f' AND confrelid::regclass::text = ANY(%s)
    """
    from postbox.mail import reaping

    reaped = ["messages", "events", "webhook_deliveries", "outbound_messages"]
    with connection.cursor() as cursor:
        cursor.execute(query, [reaped])
        refer = set(cursor.fetchall())
    # Those without a constraint in the database are known to the models alone.
    for model in apps.get_models():
        for relation in model._meta.related_objects:
            if model._meta.db_table in reaped:
                refer.add((model._meta.db_table, relation.related_model._meta.db_table))
    # Keys stand in a schema of their own.
    known: Any = {("messages", table) for table in reaping.TABLES if table != "message_keys"}
    known |= {("events", "event_copies"), ("events", "webhook_deliveries"), ("webhook_deliveries", "webhook_attempts")}
    known |= {("messages", "outbound_messages"), ("outbound_messages", "outbound_recipients")}
    assert refer == known, "delete these in a reaper (settings.POSTBOX_REAPERS) and name them here"


@pytest.mark.parametrize("days", [1, 90, 30_000, 10**6, 2**31])
def test_any_number_of_days_gives_a_cutoff(days: int) -> None:
    cutoff = run.cutoff_of(days)
    assert cutoff >= datetime(1970, 1, 1, tzinfo=UTC)
    assert cutoff <= clock.now() - timedelta(days=1)
    batches.bounds(cutoff, None)
