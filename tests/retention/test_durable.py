"""A blob goes only once the deletion of its rows is on the disk, although no batch waits for the disk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from django.core.files.storage import InMemoryStorage
from django.db import connection, transaction

from postbox.mail import blobs
from postbox.mail.models import Message
from postbox.mail.raw import stamp_body_refs
from postbox.retention import batches, bucket, run
from tests.people import Known
from tests.retention.crowd import crowd

pytestmark = pytest.mark.django_db(transaction=True)

OLD = datetime.now(UTC) - timedelta(days=100)


def position(of: str) -> int:
    """How far the write-ahead log is written (``insert``) or on the disk (``flush``), in octets."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT (pg_current_wal_{of}_lsn() - '0/0'::pg_lsn)::bigint")
        return int(cursor.fetchone()[0])


class Watched(InMemoryStorage):
    """Notes how much was on the disk when it was asked to delete."""

    on_disk: ClassVar[list[int]] = []

    def delete(self, name: str) -> None:
        self.on_disk.append(position("flush"))
        super().delete(name)


def test_rows_are_on_the_disk_before_their_blob_goes(robin: Known, settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {"postbox-mime": {"BACKEND": f"{__name__}.Watched"}}
    ids = crowd(robin.agent, 40, OLD)
    stamp_body_refs({id_: blobs.write(id_, b"sealed") for id_ in ids})
    not_yet = 0
    while Message.objects.exists():
        with transaction.atomic():
            batches.reap_messages(run.cutoff_of(90), None, 1)
        written, flushed = position("insert"), position("flush")
        not_yet += flushed < written  # the log's own writer may have come first
        Watched.on_disk.clear()
        assert bucket.empty() == 1
        assert Watched.on_disk[0] >= written
    assert not_yet > 20
