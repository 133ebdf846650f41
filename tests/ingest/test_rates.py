"""Rate limits at the doors: never one more than the limit, whoever counts; and nobody pays where there is none."""

from __future__ import annotations

import base64
import multiprocessing
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from postbox.ingest.door import receive
from postbox.ingest.limiting import buckets, limits
from postbox.ingest.limiting.admit import RateLimited
from postbox.ingest.limiting.limits import Bucket, Scope, buckets_of
from postbox.ingest.models import RateBucket
from postbox.lib import clock
from postbox.mail.models import Message
from postbox.mail.store import Envelope, Recipient
from postbox.metrics.counts import HELD
from postbox.screening.models import Policy
from tests.callers import call, send
from tests.ingest.lmtp.door import running
from tests.people import ANN, bridge_key, known_agent, mail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _one_hour() -> Iterator[None]:
    """No test begins in one hour and ends in the next."""
    with clock.frozen(clock.now()):
        yield


def limit(settings: Any, **most: int) -> None:
    """Set the installation's limits: ``sender_hour=3``."""
    none = dict.fromkeys(configured.POSTBOX_RATES, 0)
    settings.POSTBOX_RATES = none | {tuple(name.split("_")): value for name, value in most.items()}


def bucket(most: int, name: str = "x", seconds: float = 3600) -> Bucket:
    key = name.encode().ljust(16, b".")
    return Bucket(key, Scope.SYSTEM, "hour", most, clock.now() + timedelta(seconds=seconds))


def said(*addresses: str, client: str | None = "192.0.2.7", sender: str = ANN) -> Envelope:
    return Envelope(sender, addresses, client, "mx.mercer-bikes.example")


def let_through(count: int, *addresses: str, **rest: Any) -> int:
    stored = 0
    for _ in range(count):
        try:
            stored += len(receive(mail(), said(*addresses, **rest)).stored)
        except RateLimited:
            continue
    return stored


# --- what a limit is for -----------------------------------------------------------------------------------------


def test_without_a_limit_nothing_is_counted_and_nothing_asked() -> None:
    robin = known_agent()
    # As the sample agent's, which lets its address off limits that there may be.
    Policy.objects.create(owner=robin.owner, agent=robin.agent, checks={"rate_sender_hour": 0, "rate_sender_day": 0})
    let_through(1, robin.address)
    with CaptureQueriesContext(connection) as queries:
        assert let_through(3, robin.address) == 3
    assert len(queries) == 3
    assert not RateBucket.objects.exists()


def test_a_sender_is_a_client_and_a_domain(settings: Any) -> None:
    robin = known_agent()
    limit(settings, sender_hour=3)
    assert let_through(5, robin.address) == 3
    assert let_through(5, robin.address, client="192.0.2.8") == 3
    assert let_through(5, robin.address, sender="bo@other.example") == 3
    assert let_through(5, robin.address, sender="bea@MERCER-bikes.example") == 0
    assert let_through(5, robin.address, client="2001:db8::7") == 3
    assert let_through(5, robin.address, client="2001:db8::8") == 0  # of the same network
    assert let_through(5, robin.address, client="2001:db8:0:1::8") == 3
    assert let_through(5, robin.address, client="::ffff:192.0.2.7") == 0  # the first client by another name
    assert let_through(5, robin.address, client=None, sender="") == 3


def test_an_address_and_the_whole_system_have_limits_of_their_own(settings: Any) -> None:
    robin, wren = known_agent(), known_agent("wren")
    limit(settings, recipient_day=2, system_day=3)
    assert let_through(4, robin.address) == 2
    assert let_through(4, wren.address) == 1
    assert Message.objects.count() == 3


def test_a_policy_sets_the_limits_of_its_addresses_and_lifts_the_installations(settings: Any) -> None:
    robin, wren = known_agent(), known_agent("wren")
    Policy.objects.create(owner=robin.owner, agent=robin.agent, checks={"rate_sender_hour": 2})
    assert let_through(4, robin.address) == 2
    assert let_through(4, wren.address) == 4
    limit(settings, sender_hour=1, recipient_hour=5)
    Policy.objects.create(owner=robin.owner, agent=wren.agent, checks={"rate_sender_hour": 0})
    limits.forget()
    assert let_through(7, wren.address) == 5


def test_a_window_that_ends_opens_again(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    robin = known_agent()
    limit(settings, sender_hour=2)
    assert let_through(3, robin.address) == 2
    later = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert let_through(3, robin.address) == 2


def test_a_copy_that_one_limit_refuses_is_counted_by_none(settings: Any) -> None:
    robin, wren = known_agent(), known_agent("wren")
    limit(settings, recipient_hour=1, sender_hour=3)
    assert let_through(3, robin.address) == 1
    assert let_through(3, wren.address) == 1
    assert sorted(RateBucket.objects.values_list("used", flat=True)) == [1, 1, 2]
    reed = known_agent("reed")
    assert let_through(3, reed.address) == 1


# --- what the doors say ------------------------------------------------------------------------------------------


def test_ingest_answers_429_and_when_to_come_again(settings: Any) -> None:
    robin, bridge = known_agent(), bridge_key()
    limit(settings, sender_hour=1)
    shown = {"HTTP_X_POSTBOX_MAIL_FROM": ANN, "HTTP_X_POSTBOX_RCPT_TO": robin.address}
    raw = mail()
    assert send("/ingest", raw, "message/rfc822", bridge=bridge, **shown).status == 202
    HELD.take()
    for answer in (
        send("/ingest", raw, "message/rfc822", bridge=bridge, **shown),
        call(
            "/ingest",
            {
                "envelope": {"mail_from": ANN, "rcpt_to": [robin.address]},
                "raw": base64.b64encode(mail()).decode(),
            },
            bridge=bridge,
        ),
    ):
        assert (answer.status, answer.body["code"]) == (429, "rate_limited")
        assert 1 <= int(answer.headers["Retry-After"]) <= 3600
    assert Message.objects.count() == 1
    counted = dict(counted_by_name())
    assert counted["postbox_rate_limited"] == [('["sender", "hour"]', 2.0)]
    assert counted["postbox_mails_refused"] == [('["rate_limited"]', 2.0)]


def counted_by_name() -> list[tuple[str, list[tuple[str, float]]]]:
    from postbox.metrics import writer
    from postbox.metrics.models import Sample

    Sample.objects.all().delete()
    writer.write()
    names = ("postbox_rate_limited", "postbox_mails_refused")
    return [(name, list(Sample.objects.filter(name=name).values_list("labels", "value"))) for name in names]


def test_where_some_recipients_have_enough_the_others_get_it(settings: Any) -> None:
    robin, wren, bridge = known_agent(), known_agent("wren"), bridge_key()
    limit(settings, recipient_hour=1)
    let_through(1, robin.address)
    shown = {"HTTP_X_POSTBOX_MAIL_FROM": ANN, "HTTP_X_POSTBOX_RCPT_TO": f"{robin.address}, {wren.address}"}
    answer = send("/ingest", mail(), "message/rfc822", bridge=bridge, **shown)
    assert answer.status == 202
    assert [row["to"] for row in answer.body["messages"]] == [wren.address]
    assert [(row["rcpt_to"], row["code"]) for row in answer.body["rejected"]] == [(robin.address, "rate_limited")]


def test_lmtp_puts_off_recipient_by_recipient(settings: Any) -> None:
    robin, wren = known_agent(), known_agent("wren")
    limit(settings, recipient_hour=1)
    with running() as door:
        talk = door.talk()
        assert talk.mail(mail(), robin.address)[0].startswith("250")
        replies = talk.mail(mail(), robin.address, wren.address)
        assert [reply[:9] for reply in replies] == ["450 4.7.1", "250 2.1.5"]
        replies = talk.mail(mail(), robin.address, wren.address)
        assert [reply[:9] for reply in replies] == ["450 4.7.1"] * 2
    assert Message.objects.count() == 2


# --- the counting itself -----------------------------------------------------------------------------------------


def spend_many(most: int, times: int, copies: int = 1) -> int:
    """How many copies are let through, of ``times`` mails with so many each."""
    wanted = [(bucket(most),)] * copies
    return sum(full is None for _ in range(times) for full in buckets.spend(wanted, clock.now()))


def _in_a_process(name: str, most: int, times: int, out: Any) -> None:
    connections.close_all()
    connections["default"].settings_dict["NAME"] = name
    buckets.forget()
    try:
        out.put(spend_many(most, times))
    finally:
        connections.close_all()


@pytest.mark.parametrize(("most", "least"), [(100, 100), (1000, 970)])
def test_processes_that_count_at_once_never_let_one_more_through(most: int, least: int) -> None:
    """Each tries often enough to fill the bucket alone; under 256 every single one is given out."""
    context = multiprocessing.get_context("fork")
    out = context.Queue()
    name = connection.settings_dict["NAME"]
    connections.close_all()
    started = [context.Process(target=_in_a_process, args=(name, most, most, out)) for _ in range(4)]
    for process in started:
        process.start()
    counts = [out.get(timeout=60) for _ in started]
    for process in started:
        process.join(30)
    assert least <= sum(counts) <= most
    assert RateBucket.objects.get().used == most


def test_threads_that_share_what_a_process_holds_never_spend_it_twice() -> None:
    counts: list[int] = []

    def work() -> None:
        try:
            counts.append(spend_many(700, 400))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(counts) == 6
    assert sum(counts) == 700


def test_a_busy_process_asks_once_for_many() -> None:
    spend_many(100_000, 1)
    with CaptureQueriesContext(connection) as queries:
        assert spend_many(100_000, 330) == 330
    assert len(queries) == 10


def test_what_a_transaction_debits_goes_back_with_it() -> None:
    from django.db import transaction

    with transaction.atomic():
        assert spend_many(100_000, 5) == 5
        transaction.set_rollback(True)
    assert not RateBucket.objects.exists()
    assert spend_many(3, 5) == 3


def test_a_limit_that_is_lowered_gives_nothing_more_and_one_that_is_raised_does() -> None:
    assert spend_many(5, 5) == 5
    assert spend_many(2, 1) == 0
    assert spend_many(7, 5) == 2


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 5)), max_size=25), st.integers(1, 9), st.integers(1, 9))
def test_as_a_model_that_counts_one_by_one(mails: Sequence[tuple[int, int]], first: int, second: int) -> None:
    """Copies of a mail each go to bucket a, b or both; each is let through exactly if there is room for it."""
    RateBucket.objects.all().delete()
    buckets.forget()
    a, b = bucket(first, "a"), bucket(second, "b")
    kinds = [(a,), (b,), (a, b)]
    room = {a.key: first, b.key: second}
    for kind, copies in mails:
        expected = []
        for _ in range(copies):
            fits = all(room[one.key] for one in kinds[kind])
            expected.append(fits)
            for one in kinds[kind] if fits else ():
                room[one.key] -= 1
        assert [full is None for full in buckets.spend([kinds[kind]] * copies, clock.now())] == expected
    used = {bytes(row.key): row.used for row in RateBucket.objects.all()}
    assert all(used.get(key, 0) == {a.key: first, b.key: second}[key] - left for key, left in room.items())


def test_the_keys_tell_windows_and_scopes_apart(settings: Any) -> None:
    robin = known_agent()
    who = [Recipient(robin.address, robin.agent.id, robin.agent.id, "robin")]
    limit(settings, sender_hour=1, sender_day=1, recipient_hour=1, recipient_day=1, system_hour=1, system_day=1)
    now = clock.now()
    (first,) = buckets_of(said(robin.address), who, now)
    (later,) = buckets_of(said(robin.address), who, now + timedelta(days=1))
    keys = {one.key for one in (*first, *later)}
    assert len(keys) == 12
    assert all(now < one.ends <= now + timedelta(days=1) for one in first)
    assert replace(first[0], most=2).key == first[0].key
