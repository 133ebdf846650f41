"""Rows and blobs: never the one without the other for good, wherever a reaper dies and whatever the bucket does."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from django.core.files.storage import InMemoryStorage, storages
from django.core.management import CommandError, call_command
from django.db import connection

from postbox.audit.models import AuditRecord
from postbox.lib import clock
from postbox.mail import blobs
from postbox.mail.models import Message
from postbox.mail.raw import stamp_body_refs
from postbox.retention import run
from postbox.retention.bucket import PORTION
from postbox.retention.models import ReapedMessage, Run
from tests.people import Known
from tests.retention.crowd import blobs_in, crowd, move_to

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
MANY = 700
OLD = datetime.now(UTC) - timedelta(days=100)


def retention(bucket: Path, *arguments: str, crash_at: str = "") -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, on the database of this test."""
    to = connection.settings_dict
    host, user, secret = (quote(str(to[name]), safe="") for name in ("HOST", "USER", "PASSWORD"))
    url = f"postgresql://{user}:{secret}@{host}:{to['PORT']}/{to['NAME']}"
    environment = os.environ | {"DATABASE_URL": url, "POSTBOX_MIME_LOCATION": str(bucket), "POSTBOX_CRASH_AT": crash_at}
    command = [sys.executable, "-m", "postbox", "retention", *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)


def as_one(bucket: Path) -> bool:
    """Whether every blob has a row or is remembered, and every row its blob."""
    rows = set(Message.objects.exclude(body_ref="").values_list("body_ref", flat=True))
    remembered = set(ReapedMessage.objects.values_list("body_ref", flat=True))
    there = set(blobs_in(bucket))
    return rows <= there and there <= rows | remembered


@pytest.mark.parametrize(("point", "blobs_there"), [("retention.rows_gone", True), ("retention.blobs_gone", False)])
def test_a_crash_between_rows_and_blobs_is_made_good_by_the_next_run(
    robin: Known, bucket: Path, point: str, blobs_there: bool
) -> None:
    ids = crowd(robin.agent, MANY, OLD)
    move_to(bucket, ids)
    died = retention(bucket, crash_at=point)
    assert died.returncode == -signal.SIGKILL, died.stderr
    left = Message.objects.count()
    assert left < MANY  # the fault landed in the middle: of the rows or, where they went in a few batches, of the blobs
    remembered = ReapedMessage.objects.count()
    assert remembered == MANY - left >= PORTION
    assert len(blobs_in(bucket)) == (MANY if blobs_there else MANY - PORTION)
    assert as_one(bucket)
    assert run.due()  # the sweep would wake a worker for it
    done = retention(bucket)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["messages"] == MANY
    assert (Message.objects.count(), ReapedMessage.objects.count(), blobs_in(bucket)) == (0, 0, [])
    assert Run.objects.count() == AuditRecord.objects.filter(action="retention.run").count() == 1


def test_two_processes_at_once_are_harmless(robin: Known, bucket: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    move_to(bucket, crowd(robin.agent, 900, OLD))
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: retention(bucket), range(2)))
    assert 0 in [process.returncode for process in done]
    assert all("Traceback" not in process.stderr for process in done), done
    while run.go_on():
        pass
    assert (Message.objects.count(), ReapedMessage.objects.count(), blobs_in(bucket)) == (0, 0, [])
    assert sum(begun.counts.get("messages", 0) for begun in Run.objects.all()) == 900


def test_a_bucket_that_is_away_is_remembered_and_made_good(robin: Known, bucket: Path) -> None:
    ids = crowd(robin.agent, 30, OLD)
    move_to(bucket, ids)
    elsewhere = bucket.rename(bucket.with_name("elsewhere"))  # as a disk that is not mounted
    begun = run.start()
    assert run.go_on() is False
    begun.refresh_from_db()
    assert (begun.finished_at, begun.counts) == (None, {"messages": 30, "events": 30})
    assert ReapedMessage.objects.count() == 30
    assert not run.due()  # it is not asked again at once
    assert as_one(bucket)
    elsewhere.rename(bucket)
    assert len(blobs_in(bucket)) == 30
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        assert run.due()
        assert run.go_on() is False
    begun.refresh_from_db()
    assert begun.finished_at is not None
    assert begun.counts["blobs"] == 30
    assert (blobs_in(bucket), ReapedMessage.objects.count()) == ([], 0)


def test_one_blob_that_cannot_go_keeps_no_other(robin: Known, bucket: Path) -> None:
    ids = crowd(robin.agent, 5, OLD)
    move_to(bucket, ids)
    stuck = bucket / Message.objects.get(pk=ids[2]).body_ref
    stuck.unlink()
    stuck.mkdir()  # no file: unlink refuses it
    run.start()
    run.go_on()
    assert list(ReapedMessage.objects.values_list("message_id", flat=True)) == [ids[2]]
    assert blobs_in(bucket) == []
    stuck.rmdir()
    run.start()  # the next night
    run.go_on()
    assert not ReapedMessage.objects.exists()
    assert not Run.objects.filter(finished_at=None).exists()


def test_spooled_mail_without_any_bucket_leaves_nothing_to_remember(robin: Known, bucket: Path) -> None:
    crowd(robin.agent, 3, OLD, spooled=True)
    bucket.rmdir()
    run.start()
    run.go_on()
    assert not Message.objects.exists()
    assert not ReapedMessage.objects.exists()
    assert Run.objects.get().finished_at is not None


class Elsewhere(InMemoryStorage):
    """A bucket that is no folder, and at times refuses."""

    refuses: ClassVar[set[str]] = set()

    def delete(self, name: str) -> None:
        if name in self.refuses:
            raise ConnectionError("the bucket does not answer")
        if self.exists(name):
            super().delete(name)


def test_a_bucket_elsewhere_is_emptied_alike(robin: Known, bucket: Path, settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {"postbox-mime": {"BACKEND": f"{__name__}.Elsewhere"}}
    ids = crowd(robin.agent, 20, OLD, spooled=True)
    refs = {id_: blobs.write(id_, b"sealed") for id_ in ids}
    stamp_body_refs(refs)
    Elsewhere.refuses = {refs[ids[3]]}
    begun = run.start()
    run.go_on()
    assert not Message.objects.exists()
    assert list(ReapedMessage.objects.values_list("message_id", flat=True)) == [ids[3]]
    assert [name for name in refs.values() if storages[blobs.ALIAS].exists(name)] == [refs[ids[3]]]
    Elsewhere.refuses = set()
    assert run.start() == begun
    run.go_on()
    assert not storages[blobs.ALIAS].exists(refs[ids[3]])
    assert not ReapedMessage.objects.exists()


def here(*arguments: str) -> dict[str, Any]:
    """What the command prints, in this process."""
    printed = io.StringIO()
    call_command("retention", *arguments, stdout=printed)
    said: dict[str, Any] = json.loads(printed.getvalue())
    return said


def test_a_dry_run_deletes_nothing_and_counts(robin: Known, bucket: Path) -> None:
    move_to(bucket, crowd(robin.agent, 4, OLD))
    crowd(robin.agent, 2, OLD + timedelta(hours=1), spooled=True)
    crowd(robin.agent, 1, OLD + timedelta(hours=2), status="received")
    crowd(robin.agent, 8, datetime.now(UTC) - timedelta(days=50))
    said = here("--dry-run")
    assert (said["messages"], said["spooled"], said["kept_waiting"], said["kept_by_hold"]) == (6, 2, 1, 0)
    assert said["octets"] == 18_000
    assert here("--dry-run", "--days", "40")["messages"] == 14
    assert (Message.objects.count(), Run.objects.count()) == (15, 0)
    with pytest.raises(CommandError, match="1 or more"):
        here("--days", "0")
    assert here("--days", "40")["messages"] == 14
    assert Message.objects.count() == 1
