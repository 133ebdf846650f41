"""Mails that come at the same time become durable together, and none of them suffers by another."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction

from postbox.identity.recipients import resolve
from postbox.mail import store
from postbox.mail.models import Message
from postbox.mail.store import Envelope, Recipient, Stored, accept
from tests.people import Known, known_agent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def robin() -> Known:
    return known_agent()


def recipient(robin: Known) -> Recipient:
    reached = resolve([robin.address])[robin.address]
    return Recipient(robin.address, reached.address_id, reached.agent_id, reached.agent_name)


def stored(raw: bytes, who: Recipient) -> Stored:
    try:
        (row,) = accept(raw, Envelope("ann@example.org", (who.rcpt_to,), "192.0.2.7", "mx.example.org"), [who])
        return row
    finally:
        connection.close()


def at_once(mails: Sequence[tuple[bytes, Recipient]]) -> list[Future[Stored]]:
    """Have the first mail wait for a lock on its table, and the others come meanwhile."""
    with ThreadPoolExecutor(len(mails)) as threads, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE messages IN SHARE MODE")
        done = []
        for number, mail in enumerate(mails):
            done.append(threads.submit(stored, *mail))
            until = time.monotonic() + 15
            while not store._together._taken or len(store._together._waiting) != number:
                assert time.monotonic() < until
                time.sleep(0.005)
    return done


def transactions() -> list[int]:
    """How many messages each transaction wrote."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM messages GROUP BY xmin::text")
        return sorted(row[0] for row in cursor.fetchall())


def test_what_comes_while_one_is_stored_is_stored_in_one_transaction(robin: Known) -> None:
    who = recipient(robin)
    mails = [b"Subject: %d\r\n\r\nHi" % number for number in (0, 1, 2, 3, 1)]
    rows = [one.result(0) for one in at_once([(mail, who) for mail in mails])]
    assert transactions() == [1, 3]
    assert sorted(row.duplicate for row in rows) == [False, False, False, False, True]
    assert rows[1].id == rows[4].id  # the very same mail, twice in one transaction
    assert {row.id for row in rows} == set(Message.objects.values_list("id", flat=True))
    assert Message.objects.exclude(spooled__body=None).count() == 4


def test_one_that_cannot_be_stored_spoils_none_of_the_others(robin: Known) -> None:
    who = recipient(robin)
    mails = [(b"Subject: %d\r\n\r\nHi" % number, who) for number in range(4)]
    mails[2] = (mails[2][0], replace(who, address_id=uuid.uuid4()))  # as if the address were gone
    done = at_once(mails)
    assert isinstance(done[2].exception(0), IntegrityError)
    assert {one.result(0).id for one in (done[0], done[1], done[3])} == set(
        Message.objects.values_list("id", flat=True)
    )
