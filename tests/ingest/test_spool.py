"""Raw mail moves from spool to bucket, and a bucket that fails loses nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages

from postbox.ingest import spool, work
from postbox.ingest.bucket import forget as forget_bucket
from postbox.lib import clock
from postbox.mail import blobs
from postbox.mail.models import Message, SpooledMail
from postbox.mail.raw import raw_of, stamp_body_ref
from tests.people import Known, deliver, known_agent, mail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bucket(tmp_path: Path, settings: Any) -> Path:
    settings.STORAGES = settings.STORAGES | {
        "postbox-mime": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "mime")},
        }
    }
    return tmp_path / "mime"


@pytest.fixture
def robin(bucket: Path) -> Known:
    return known_agent()


def test_processed_mail_moves_and_reads_back(robin: Known, bucket: Path) -> None:
    raw = mail(text="kingfisher")
    deliver(raw, robin.address)
    assert spool.empty() == 0  # not before the pipeline is done with it
    work.run()
    assert spool.due()
    assert spool.empty() == 1
    message = Message.objects.get()
    assert message.body_ref == blobs.name_of(message.id)
    assert not SpooledMail.objects.exists()
    assert raw_of(message.id, message.agent_id) == raw
    stored = (bucket / message.body_ref).read_bytes()
    assert b"kingfisher" not in stored
    assert not spool.due()


def test_a_bucket_that_refuses_writes_costs_nothing(robin: Known, bucket: Path) -> None:
    raw = mail()
    deliver(raw, robin.address)
    work.run()
    bucket.parent.mkdir(exist_ok=True)
    bucket.write_text("a file where the folder should be")
    with pytest.raises(NotADirectoryError):  # the fault is real
        blobs.write(Message.objects.get().id, b"x")
    assert spool.empty() == 0
    message = Message.objects.get()
    assert message.body_ref == ""
    assert raw_of(message.id, message.agent_id) == raw
    assert spool.empty() == 0  # it waits before it tries again
    bucket.unlink()
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        assert spool.empty() == 1
    assert raw_of(message.id, message.agent_id) == raw


def test_a_crash_between_writing_and_stamping_leaves_a_mail_that_moves_again(robin: Known) -> None:
    raw = mail()
    deliver(raw, robin.address)
    work.run()
    message = Message.objects.get()
    half = bytes(SpooledMail.objects.get().body)[:100]
    blobs.write(message.id, half)  # the worker died while it wrote
    assert spool.empty() == 1
    assert raw_of(message.id, message.agent_id) == raw


def test_mail_is_not_carried_into_a_bucket_that_is_not_its_own(robin: Known, bucket: Path) -> None:
    deliver(mail(), robin.address)
    work.run()
    assert spool.empty() == 1
    (bucket / "bucket-id").write_text("another system's")
    forget_bucket()
    deliver(mail(), robin.address)
    work.run()
    assert spool.empty() == 0
    assert SpooledMail.objects.count() == 1
    (bucket / "bucket-id").unlink()  # an empty folder where there should be mail is not ours either
    forget_bucket()
    assert spool.empty() == 0


def test_large_mails_move_a_few_at_a_time(robin: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        deliver(mail(text="x" * 4000), robin.address)
    work.run()
    monkeypatch.setattr(spool, "PORTION_BYTES", 10_000)
    assert len(spool._portion()) == 2
    monkeypatch.setattr(spool, "PORTION_BYTES", 10)
    assert len(spool._portion()) == 1
    assert spool.empty() == 4


def test_stamping_is_one_step(robin: Known) -> None:
    deliver(mail(), robin.address)
    message = Message.objects.get()
    stamp_body_ref(message.id, "1/x.mime")
    message.refresh_from_db()
    assert message.body_ref == "1/x.mime"
    assert not SpooledMail.objects.filter(pk=message.id).exists()


def test_a_mail_that_left_the_spool_is_examined_from_the_bucket(robin: Known) -> None:
    deliver(mail(), robin.address)
    message = Message.objects.get()
    stamp_body_ref(message.id, blobs.write(message.id, bytes(SpooledMail.objects.get().body)))
    assert work.run() == 1
    assert Message.objects.get().status == "processed"


def test_the_folder_is_a_storage_of_its_own(robin: Known) -> None:
    assert storages[blobs.ALIAS] is not storages["default"]
