"""The pipeline over real rows: batches, leases, poison, crashes. The database and the steps are the real ones."""

from __future__ import annotations

import dataclasses
import random
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from postbox.events.models import Event, EventCopy
from postbox.identity.keys import forget
from postbox.identity.models import AgentKey
from postbox.ingest import claim, pipeline, work
from postbox.ingest.steps import parse
from postbox.lib import clock
from postbox.mail.content import Content
from postbox.mail.keys import message_key, open_part
from postbox.mail.models import (
    IllegalTransition,
    Message,
    MessageContent,
    MessageKey,
    Outcome,
    SpooledMail,
    Status,
    check_transition,
)
from postbox.mail.parsed import Mailbox
from postbox.screening.case import Case, Verdict
from tests.people import Known, deliver, known_agent, mail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def robin() -> Iterator[Known]:
    forget()
    yield known_agent()
    forget()


def content_of(message: Message) -> Content:
    key = message_key(message.id, message.agent_id)
    sealed = MessageContent.objects.get(pk=message.id).body
    return Content.load(open_part(key, sealed, message.id, "content", message.agent_id))


def test_a_mail_becomes_text_verdicts_and_one_event(robin: Known) -> None:
    deliver(mail("Delivery", "Does it arrive on Thursday?"), robin.address)
    assert work.run() == 1
    message = Message.objects.get()
    assert (message.status, message.header_from) == (Status.PROCESSED, "ann@mercer-bikes.example")
    assert message.injection_score is not None
    assert message.injection_score < 0.5
    content = content_of(message)
    assert content.subject == "Delivery"
    assert content.text.strip() == "Does it arrive on Thursday?"
    assert [v.step for v in message.verdicts.all()] == [step.name for step in pipeline.STEPS]
    assert {v.outcome for v in message.verdicts.all()} <= {Outcome.PASS, Outcome.FLAG, Outcome.SKIP}
    # Nobody publishes anything here, and nobody has written before.
    flags = message.verdicts.filter(outcome=Outcome.FLAG).values_list("code", flat=True)
    assert set(flags) == {"not_authenticated", "new_domain"}
    assert len(content.words) == len(pipeline.STEPS)
    event = Event.objects.get()
    assert (event.kind, event.message_id) == ("message.received", message.id)
    assert EventCopy.objects.filter(event=event, consumer="webhooks").count() == 1


def test_nothing_a_mail_says_is_stored_in_the_clear(robin: Known) -> None:
    deliver(mail("Kingfisher subject", "Kingfisher text"), robin.address)
    work.run()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_schema IN ('postbox', 'postbox_keys') AND table_type = 'BASE TABLE'"
        )
        for schema, table in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{schema}"."{table}" t WHERE t::text ILIKE %s', ["%Kingfisher%"])
            assert cursor.fetchone()[0] == 0, table
            hexed = b"Kingfisher".hex()
            cursor.execute(f'SELECT count(*) FROM "{schema}"."{table}" t WHERE t::text ILIKE %s', [f"%{hexed}%"])
            assert cursor.fetchone()[0] == 0, table


def test_a_batch_costs_the_same_queries_however_many_mails(robin: Known) -> None:
    def queries(count: int) -> int:
        for _ in range(count):
            text = " ".join("".join(random.choices("abcdefgh", k=6)) for _ in range(40))
            deliver(mail(text=text), robin.address)
        batch = claim.fresh()
        assert len(batch.mails) == count
        with CaptureQueriesContext(connection) as captured:
            assert work._work(batch) == count
        return len(captured)

    queries(1)  # after which it is known for a minute what the owner has that others might imitate
    few, many = queries(2), queries(40)
    # The rules of its agents, the policies of its addresses, fingerprints, domains and senders before, its threads;
    # BEGIN, the states, COPY of contents, COPY of verdicts, names of threads, fingerprints, domains, senders, COPY of
    # events and COPY of their copies, COMMIT.
    assert few == many == 17


def test_two_claims_never_hold_the_same_mail(robin: Known) -> None:
    for _ in range(10):
        deliver(mail(), robin.address)
    first, second = claim.fresh(6), claim.fresh(6)
    assert len(first.mails) == 6
    assert len(second.mails) == 4
    assert not {m.id for m in first.mails} & {m.id for m in second.mails}
    assert claim.fresh().mails == []


def test_a_lost_lease_settles_nothing(robin: Known) -> None:
    deliver(mail(), robin.address)
    batch = claim.fresh()
    Message.objects.update(lease_token=uuid.uuid4())  # another worker has it by now
    assert work._work(batch) == 0
    assert Message.objects.get().status == Status.RECEIVED
    assert not MessageContent.objects.exists()
    assert not Event.objects.exists()


def test_a_mail_whose_worker_died_is_taken_alone_and_ends_in_quarantine(robin: Known) -> None:
    for _ in range(3):
        deliver(mail(), robin.address)
    assert len(claim.fresh().mails) == 3  # and the worker dies here
    assert claim.fresh().mails == []
    later = clock.now() + claim.LEASE + timedelta(seconds=1)
    with clock.frozen(later):
        assert claim.fresh().mails == []  # not with others
        alone = claim.again()
        assert len(alone.mails) == 1
        assert alone.mails[0].attempts == 2
    poison = alone.mails[0].id
    for attempt in range(2, claim.MAX_ATTEMPTS + 1):
        with clock.frozen(clock.now() + claim.LEASE * 2 * attempt):
            Message.objects.exclude(pk=poison).update(not_before=clock.now() + timedelta(days=1))
            died = claim.again() if attempt < claim.MAX_ATTEMPTS else None
            if died is None:
                assert work.run() == 1
    message = Message.objects.get(pk=poison)
    assert message.status == Status.QUARANTINED
    assert [(v.step, v.code) for v in message.verdicts.all()] == [("parse", "killed_worker")]
    Message.objects.exclude(pk=poison).update(not_before=clock.now(), leased_until=None)
    while work.run():
        pass
    assert Message.objects.filter(status=Status.PROCESSED).count() == 2


class Broken:
    """A step that fails for one mail and counts how often it was asked."""

    name = "distil"

    def __init__(self) -> None:
        self.asked = 0

    def check(self, case: Case) -> Verdict:
        self.asked += 1
        if b"explode" in case.raw:
            raise ZeroDivisionError("boom of this very mail")
        return Verdict(self.name, Outcome.PASS, "fine", "Fine.")


def test_a_mail_that_crashes_a_step_is_quarantined_with_its_traceback_and_costs_its_batch_nothing(
    robin: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Broken()
    monkeypatch.setattr(pipeline, "STEPS", (parse, broken))
    deliver(mail(text="one"), robin.address)
    deliver(mail(text="explode"), robin.address)
    deliver(mail(text="three"), robin.address)
    assert work.run() == 3
    assert broken.asked == 3
    crashed = Message.objects.get(status=Status.QUARANTINED)
    assert "ZeroDivisionError: boom of this very mail" in content_of(crashed).traceback
    assert crashed.verdicts.get(step="distil").code == "crashed"
    assert Message.objects.filter(status=Status.PROCESSED).count() == 2
    assert Event.objects.filter(kind="message.quarantined").count() == 1
    assert work.run() == 0  # never looped


def test_a_mail_that_a_column_cannot_hold_is_quarantined_and_its_batch_stored(
    robin: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Zero:
        name = "distil"

        @staticmethod
        def check(case: Case) -> Verdict:
            if b"zero" in case.raw and case.parsed:
                case.parsed = dataclasses.replace(case.parsed, from_=(Mailbox("a\x00b@x.example"),))
            return Verdict("distil", Outcome.PASS, "fine", "Fine.")

    monkeypatch.setattr(pipeline, "STEPS", (parse, Zero))
    deliver(mail(text="plain"), robin.address)
    deliver(mail(text="zero"), robin.address)
    assert work.run() == 2
    assert Message.objects.filter(status=Status.PROCESSED).count() == 1
    crashed = Message.objects.get(status=Status.QUARANTINED)
    assert "DataError" in content_of(crashed).traceback


def test_a_mail_that_takes_too_long_is_quarantined(robin: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        name = "distil"

        @staticmethod
        def check(case: Case) -> Verdict:
            while True:
                pass

    monkeypatch.setattr(pipeline, "EXAMINE_SECONDS", 0.2)
    monkeypatch.setattr(pipeline, "STEPS", (parse, Slow))
    for _ in range(2):  # one might be read while the machine stands still, which would be too slow already
        deliver(mail(), robin.address)
    assert work.run() == 2
    ends = {(verdict.step, verdict.code) for held in Message.objects.all() for verdict in held.verdicts.all()}
    assert ("distil", "too_slow") in ends


def test_two_exchanged_ciphertexts_are_found(robin: Known) -> None:
    deliver(mail(text="first"), robin.address)
    deliver(mail(text="second"), robin.address)
    one, two = SpooledMail.objects.all()
    one.body, two.body = two.body, one.body
    one.save()
    two.save()
    assert work.run() == 2
    assert set(Message.objects.values_list("status", flat=True)) == {Status.QUARANTINED}
    assert {v.code for m in Message.objects.all() for v in m.verdicts.all()} == {"seal_broken"}


def test_a_mail_whose_key_is_away_waits_for_it_and_the_rest_goes_on(robin: Known) -> None:
    deliver(mail(text="keyless"), robin.address)
    deliver(mail(text="kept"), robin.address)
    key = MessageKey.objects.get(pk=Message.objects.earliest("id").id)
    MessageKey.objects.filter(pk=key.pk).delete()
    assert work.run() == 1
    assert [m.status for m in Message.objects.order_by("id")] == [Status.RECEIVED, Status.PROCESSED]
    assert work.run() == 0
    key.save(force_insert=True)  # as when the keys' backup is restored after the mail's
    with clock.frozen(clock.now() + timedelta(hours=2)):
        assert work.run() == 1
    assert {m.status for m in Message.objects.all()} == {Status.PROCESSED}


def test_an_agent_whose_key_does_not_open_holds_up_no_other(robin: Known) -> None:
    wren = known_agent("wren")
    for address in (wren.address, robin.address, wren.address):
        deliver(mail(), address)
    AgentKey.objects.filter(agent=wren.agent).update(wrapped=b"\x01" + b"0" * 60)
    forget()
    assert work.run() == 1
    assert Message.objects.get(agent=robin.agent).status == Status.PROCESSED
    assert set(Message.objects.filter(agent=wren.agent).values_list("status", "attempts")) == {(Status.RECEIVED, 0)}


def test_a_missing_master_key_costs_no_mail_an_attempt(robin: Known) -> None:
    deliver(mail(), robin.address)
    key = AgentKey.objects.get(agent=robin.agent)
    right, key.wrapped = key.wrapped, b"\x01" + b"0" * 60  # as if wrapped by a master key that is not configured
    key.save()
    forget()
    assert work.run() == 0
    waiting = Message.objects.get()
    assert (waiting.status, waiting.attempts) == (Status.RECEIVED, 0)
    key.wrapped = right
    key.save()
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        assert work.run() == 1
    assert Message.objects.get().status == Status.PROCESSED


def test_only_allowed_transitions_pass() -> None:
    check_transition(Status.RECEIVED, Status.PROCESSED)
    for before, after in [
        (Status.PROCESSED, Status.RECEIVED),
        (Status.REFUSED, Status.PROCESSED),
        (Status.RECEIVED, Status.RECEIVED),
        ("nonsense", Status.PROCESSED),
    ]:
        with pytest.raises(IllegalTransition):
            check_transition(before, after)


def test_replies_join_their_thread_whatever_comes_first(robin: Known) -> None:
    reply = mail("Re: Hello", headers="In-Reply-To: <root@x.example>\r\nReferences: <root@x.example>\r\n")
    root = mail().replace(b"Message-ID: <t-", b"Message-ID: <root@x.example>\r\nX-Was: <t-")
    other = mail()
    for raw in (reply, root, other):
        deliver(raw, robin.address)
    work.run()
    threads = [m.thread_id for m in Message.objects.order_by("id")]
    assert threads[0] == threads[1] != threads[2]
