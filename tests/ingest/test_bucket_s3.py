"""Raw mail moves from the spool to an S3 bucket and back, and a bucket that refuses or is away loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from django.db import connection

from postbox.config.storages import S3 as S3_CLASS
from postbox.config.storages import mime_storage
from postbox.ingest import bucket, spool, work
from postbox.lib import clock
from postbox.mail import blobs
from postbox.mail.models import Message, SpooledMail
from postbox.mail.raw import raw_of, stamp_body_ref
from tests import s3 as s3_server
from tests.config.processes import wait_for
from tests.people import Known, deliver, known_agent, mail

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]


@pytest.fixture
def s3(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[s3_server.S3]:
    secret = tmp_path / "secret"
    secret.write_text("tests-only\n")
    with s3_server.running() as server:
        monkeypatch.setenv("POSTBOX_MIME_STORAGE", S3_CLASS)
        monkeypatch.setenv("POSTBOX_MIME_BUCKET", s3_server.BUCKET)
        monkeypatch.setenv("POSTBOX_MIME_ENDPOINT", server.url)
        monkeypatch.setenv("POSTBOX_MIME_REGION", "us-east-1")
        monkeypatch.setenv("POSTBOX_MIME_ACCESS_KEY", "tests")
        monkeypatch.setenv("POSTBOX_MIME_SECRET_KEY_FILE", str(secret))
        monkeypatch.setenv("POSTBOX_MIME_ADDRESSING", "path")
        settings.STORAGES = settings.STORAGES | {blobs.ALIAS: mime_storage(tmp_path)}
        yield server


@pytest.fixture
def robin(s3: s3_server.S3) -> Known:
    return known_agent()


def body_ref() -> str:
    return str(Message.objects.values_list("body_ref", flat=True).get())


def only() -> tuple[Any, Any]:
    found: tuple[Any, Any] = Message.objects.values_list("id", "agent_id").get()
    return found


def test_processed_mail_moves_to_the_bucket_sealed_and_reads_back(robin: Known, s3: s3_server.S3) -> None:
    raw = mail(text="kingfisher")
    deliver(raw, robin.address)
    work.run()
    assert spool.empty() == 1
    id_, agent_id = only()
    assert body_ref() == blobs.name_of(id_)
    assert s3.names() == [blobs.name_of(id_)]
    assert b"kingfisher" not in s3.stored(blobs.name_of(id_))
    assert not SpooledMail.objects.exists()
    assert raw_of(id_, agent_id) == raw
    assert [method for method, path in s3.seen if path.endswith(".mime")][:1] == ["PUT"]  # one request a mail


def test_a_bucket_that_refuses_writes_costs_nothing(robin: Known, s3: s3_server.S3) -> None:
    raw = mail()
    deliver(raw, robin.address)
    work.run()
    id_, agent_id = only()
    assert bucket.is_right()
    s3.refused = {"PUT"}
    with pytest.raises((ClientError, BotoCoreError)):  # the fault is real
        blobs.write(id_, b"x")
    assert spool.empty() == 0
    assert body_ref() == ""
    assert raw_of(id_, agent_id) == raw
    s3.refused = set()
    assert spool.empty() == 0  # it waits before it tries again
    assert s3.names() == []
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        assert spool.empty() == 1
    assert raw_of(id_, agent_id) == raw


def test_half_a_mail_of_a_worker_that_died_is_replaced(robin: Known, s3: s3_server.S3) -> None:
    raw = mail()
    deliver(raw, robin.address)
    work.run()
    id_, agent_id = only()
    blobs.write(id_, bytes(SpooledMail.objects.get().body)[:100])
    assert len(s3.stored(blobs.name_of(id_))) == 100
    assert spool.empty() == 1
    assert s3.names() == [blobs.name_of(id_)]
    assert raw_of(id_, agent_id) == raw


def many(to: str, count: int) -> dict[Any, bytes]:
    """Processed mails in the spool, by id."""
    for number in range(count):
        deliver(mail(f"number {number}"), to)
    while work.run():
        pass
    return {row.id: raw_of(row.id, row.agent_id) or b"" for row in Message.objects.all()}


def all_as_they_were(mails: dict[Any, bytes]) -> bool:
    return all(raw_of(row.id, row.agent_id) == mails[row.id] for row in Message.objects.filter(id__in=mails))


def test_several_mails_are_written_at_once_and_no_more_than_that(robin: Known, s3: s3_server.S3) -> None:
    mails = many(robin.address, 30)
    assert bucket.is_right()
    s3.latency, s3.most_at_once = 0.05, 0
    assert spool.empty() == 30
    assert 3 < s3.most_at_once <= 8
    assert len(s3.names()) == 30
    assert all_as_they_were(mails)


def test_a_bucket_that_refuses_is_not_asked_for_all_of_a_portion(robin: Known, s3: s3_server.S3) -> None:
    mails = many(robin.address, 30)
    assert bucket.is_right()
    s3.refused, s3.latency = {"PUT"}, 0.02
    s3.seen.clear()
    assert spool.empty() == 0
    asked = {path for method, path in s3.seen if method == "PUT"}
    assert 3 <= len(asked) <= 11  # three, and what was in hand by then
    assert SpooledMail.objects.count() == 30
    assert all_as_they_were(mails)


def test_a_mover_killed_between_the_bucket_and_the_rows_loses_nothing(robin: Known, s3: s3_server.S3) -> None:
    mails = many(robin.address, 20)
    died = mover(s3, crash_at="spool.written")
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert len(s3.names()) == 20  # the fault landed: written, and not said so
    assert (SpooledMail.objects.count(), Message.objects.exclude(body_ref="").count()) == (20, 0)
    assert all_as_they_were(mails)
    done = mover(s3)
    assert done.returncode == 0, done.stderr
    assert (SpooledMail.objects.count(), Message.objects.exclude(body_ref="").count()) == (0, 20)
    assert sorted(s3.names()) == sorted(blobs.name_of(id_) for id_ in mails)
    assert all_as_they_were(mails)


def test_a_mover_killed_while_it_writes_loses_nothing(robin: Known, s3: s3_server.S3) -> None:
    mails = many(robin.address, 20)
    assert bucket.is_right()
    s3.latency = 0.3
    process = started(s3)
    try:
        assert wait_for(s3.names, 60)  # a few are there, and a few are on their way
        process.kill()
        process.wait()
    finally:
        process.kill()
        process.wait()
    s3.latency = 0.0
    assert 0 < len(s3.names()) < 20
    assert SpooledMail.objects.count() == 20
    assert wait_for(lambda: mover(s3).returncode == 0 and not SpooledMail.objects.exists(), 60)
    assert sorted(s3.names()) == sorted(blobs.name_of(id_) for id_ in mails)
    assert all_as_they_were(mails)


def started(s3: s3_server.S3, crash_at: str = "") -> subprocess.Popen[str]:
    """The mover in a process of its own, on the database of this test."""
    to = connection.settings_dict
    url = f"postgresql://{to['USER']}:{to['PASSWORD']}@{to['HOST']}:{to['PORT']}/{to['NAME']}"
    program = "import django; django.setup(); from postbox.ingest import spool; spool.empty()"
    environment = os.environ | {"DATABASE_URL": url, "POSTBOX_CRASH_AT": crash_at}
    return subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, text=True)


def mover(s3: s3_server.S3, crash_at: str = "") -> subprocess.CompletedProcess[str]:
    process = started(s3, crash_at)
    _, said = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, stderr=said)


def test_a_bucket_that_is_away_costs_a_mail_no_attempt(robin: Known, s3: s3_server.S3) -> None:
    deliver(mail(), robin.address)
    id_, _ = only()
    stamp_body_ref(id_, blobs.write(id_, bytes(SpooledMail.objects.get().body)))
    s3.refused = {"GET", "HEAD"}
    with pytest.raises(blobs.BucketFailed):
        blobs.read(blobs.name_of(id_))
    assert work.run() == 0
    assert Message.objects.values_list("status", "attempts", "lease_token").get() == ("received", 0, None)
    s3.refused = set()
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        assert work.run() == 1
    assert Message.objects.values_list("status", flat=True).get() == "processed"


def test_what_is_not_there_is_told_from_what_does_not_answer(s3: s3_server.S3) -> None:
    with pytest.raises(FileNotFoundError):
        blobs.read("1/none.mime")
    blobs.delete("1/none.mime")  # gone already is no error
