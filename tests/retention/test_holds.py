"""Legal holds: what is held stays, a hold that was placed holds at once, and both are on record."""

from __future__ import annotations

import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from postbox.audit.models import AuditRecord
from postbox.events.models import Event
from postbox.lib import clock
from postbox.mail.models import Message
from postbox.retention import batches, forecast, holds, run
from postbox.retention.models import LegalHold
from tests.admin.operators import client_of, superuser
from tests.config.processes import wait_for
from tests.people import Known, known_agent
from tests.retention.crowd import blobs_in, crowd, move_to, tables_with
from tests.retention.test_run import reap
from tests.webhooks.scene import happen

pytestmark = pytest.mark.django_db(transaction=True)

OLD = datetime.now(UTC) - timedelta(days=100)


def hold(**subject: Any) -> LegalHold:
    placed = LegalHold(reason="Case 7", **subject)
    holds.place(placed, actor="test")
    return placed


def test_a_held_message_stays_whole_until_the_hold_is_lifted(robin: Known, bucket: Path) -> None:
    ids = crowd(robin.agent, 5, OLD)
    move_to(bucket, ids)
    placed = hold(message_id=ids[2])
    before = [table for table in tables_with(str(ids[2])) if table != "legal_holds"]
    assert forecast.of(run.cutoff_of(90))["kept_by_hold"] == 1
    assert reap().counts["messages"] == 4
    assert [table for table in tables_with(str(ids[2])) if table != "legal_holds"] == before
    assert blobs_in(bucket) == [Message.objects.get().body_ref]
    holds.lift(placed, actor="test")
    assert reap().counts["messages"] == 1
    assert blobs_in(bucket) == []
    actions = list(AuditRecord.objects.filter(subject=str(ids[2])).order_by("id").values_list("action", flat=True))
    assert actions == ["hold.placed", "hold.lifted"]


def test_nothing_of_a_held_agent_expires(robin: Known, bucket: Path) -> None:
    wren = known_agent("wren")
    kept = crowd(robin.agent, 3, OLD)
    crowd(wren.agent, 3, OLD + timedelta(minutes=1))
    happen(robin, 1, kind="agent.paused")
    happen(wren, 1, kind="agent.paused")
    hold(agent=robin.agent)
    with clock.frozen(clock.now() + timedelta(days=91)):
        reap()
    assert list(Message.objects.order_by("id").values_list("id", flat=True)) == kept
    assert set(Event.objects.values_list("agent_id", flat=True)) == {robin.agent.id}
    assert Event.objects.count() == 4


def somebody_waits() -> bool:
    """Whether a connection to this database waits for a lock; asked of what no transaction has a snapshot of."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database "
            "WHERE datname = current_database()) LIMIT 1"
        )
        return cursor.fetchone() is not None


def test_a_hold_waits_for_the_batch_under_way_and_holds_from_then_on(robin: Known, bucket: Path) -> None:
    first, second = crowd(robin.agent, 2, OLD)
    placed = threading.Event()

    def place() -> None:
        hold(agent=robin.agent)
        placed.set()
        connection.close()

    thread = threading.Thread(target=place)
    with transaction.atomic():
        assert batches.reap_messages(run.cutoff_of(90), None, 1).last == first
        thread.start()
        assert wait_for(somebody_waits)
        time.sleep(0.1)
        assert not placed.is_set()
    assert placed.wait(30)
    thread.join(30)
    assert "messages" not in reap().counts
    assert Message.objects.get().pk == second


@pytest.mark.parametrize("both", [True, False])
def test_a_hold_is_on_one_agent_or_one_message(robin: Known, both: bool) -> None:
    wrong = LegalHold(agent=robin.agent, message_id=uuid.uuid4(), reason="x") if both else LegalHold(reason="x")
    with pytest.raises(IntegrityError):
        holds.place(wrong, actor="test")


def test_an_operator_places_and_lifts_holds(robin: Known, bucket: Path) -> None:
    (message_id,) = crowd(robin.agent, 1, OLD)
    client = client_of(superuser())
    url = "/admin/retention/legalhold/"
    unknown = client.post(f"{url}add/", {"message_id": str(uuid.uuid4()), "reason": "Case 7"})
    assert "There is no such message." in unknown.text
    assert "Hold either an agent or a message." in client.post(f"{url}add/", {"reason": "Case 7"}).text
    assert not LegalHold.objects.exists()
    assert client.post(f"{url}add/", {"message_id": str(message_id), "reason": "Case 7"}).status_code == 302
    placed = LegalHold.objects.get()
    assert (placed.message_id, placed.reason) == (message_id, "Case 7")
    assert str(message_id) in client.get(url).text
    changed = {"message_id": str(uuid.uuid4()), "reason": "Case 8"}
    assert client.post(f"{url}{placed.pk}/change/", changed).status_code == 302
    placed.refresh_from_db()
    assert (placed.message_id, placed.reason) == (message_id, "Case 8")
    assert client.post(f"{url}{placed.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not LegalHold.objects.exists()
    actions = AuditRecord.objects.filter(subject=str(message_id)).order_by("id").values_list("action", flat=True)
    assert list(actions) == ["hold.placed", "hold.changed", "hold.lifted"]


def test_runs_are_shown(robin: Known, bucket: Path) -> None:
    crowd(robin.agent, 3, OLD)
    begun = reap()
    client = client_of(superuser())
    assert "finished" in client.get("/admin/retention/run/").text
    assert "messages" in client.get(f"/admin/retention/run/{begun.pk}/change/").text
