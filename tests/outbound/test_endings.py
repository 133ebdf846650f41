"""What a mail and its recipients come to when the last answer is in, and from when the three days are counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest

from outbound import batch, held, results, stops, work
from outbound.models import OutboundRecipient, Outgoing
from outbound.transports.base import Answer, Letter, Outcome, Result
from postbox.events.models import Event
from postbox.identity import states
from postbox.identity.models import AgentState
from postbox.lib import clock
from postbox.lib.envelope import open_sealed, part_context
from postbox.mail.keys import message_key
from postbox.mail.models import Status
from tests.callers import call
from tests.people import Known, known_agent

ANN, BO = "ann@mercer-bikes.example", "bo@ek.example"


@pytest.fixture
def robin(transactional_db: None) -> Known:
    return known_agent()


class Says:
    """A way out that answers as it is told, address by address."""

    name = "says"

    def __init__(self, **outcomes: Outcome) -> None:
        self.outcomes = outcomes

    def ship(self, letters: Sequence[Letter]) -> Iterator[Result]:
        for letter in letters:
            found = [Answer(a, self.outcomes[a.partition("@")[0]], "x") for a in letter.addresses]
            yield Result(letter.id, tuple(found))

    def close(self) -> None:
        """There is nothing to end."""


def sent(robin: Known, *to: str, **changes: object) -> Outgoing:
    body = {"to": list(to), "subject": "Hi", "text": "Hello"} | changes
    assert call("/send", body, robin.agent_key).status == 202
    return Outgoing.objects.get()


def due_again() -> None:
    Outgoing.objects.update(not_before=clock.now() - timedelta(minutes=1))


def age(days: float) -> None:
    """As if it had been stored, and due, so long ago."""
    at = clock.now() - timedelta(days=days)
    Outgoing.objects.update(created_at=at, due_since=at)


def ended() -> tuple[str, dict[str, str]]:
    rows = OutboundRecipient.objects.order_by("id").values_list("address", "state")
    return Outgoing.objects.get().state, {address.partition("@")[0]: state for address, state in rows}


def told(robin: Known) -> list[str]:
    """The states of recipients in the last event."""
    event = Event.objects.latest("id")
    assert event.message_id
    key = message_key(event.message_id, robin.agent.id)
    data = json.loads(open_sealed(key, bytes(event.body), part_context(event.message_id, "event", robin.agent.id)))
    return [one["state"] for one in data["data"]["recipients"]]


@pytest.mark.parametrize(("other", "state"), [(Outcome.ACCEPTED, Status.ACCEPTED), (Outcome.PERMANENT, Status.FAILED)])
def test_who_was_refused_for_three_days_does_not_wait_for_ever(robin: Known, other: Outcome, state: Status) -> None:
    sent(robin, ANN, BO)
    age(4)
    work.run(Says(ann=Outcome.TEMPORARY, bo=other))
    assert ended()[0] == state
    assert ended()[1]["ann"] == "failed"
    assert told(robin)[0] == "failed"


def test_who_was_served_by_an_earlier_try_is_told_of_with_the_others(robin: Known) -> None:
    sent(robin, ANN, BO)
    work.run(Says(ann=Outcome.ACCEPTED, bo=Outcome.TEMPORARY))
    due_again()
    work.run(Says(bo=Outcome.PERMANENT))
    assert ended() == (Status.ACCEPTED, {"ann": "accepted", "bo": "failed"})
    assert told(robin) == ["accepted", "failed"]


def test_mail_that_nobody_knows_of_stays_so_when_the_others_are_served(robin: Known) -> None:
    sent(robin, ANN, BO)
    work.run(Says(ann=Outcome.UNKNOWN, bo=Outcome.TEMPORARY))
    assert ended() == (Status.QUEUED, {"ann": "unknown", "bo": "queued"})
    due_again()
    work.run(Says(bo=Outcome.ACCEPTED))
    assert ended() == (Status.UNKNOWN, {"ann": "unknown", "bo": "accepted"})
    held.settle(Outgoing.objects.get().pk, Status.FAILED, actor="user:7")
    assert ended() == (Status.ACCEPTED, {"ann": "failed", "bo": "accepted"})


def release(row: Outgoing) -> None:
    Outgoing.objects.update(state=Status.HELD, code="needs_approval")
    held.release(row.pk, actor="user:7")


def resume(row: Outgoing) -> None:
    Outgoing.objects.update(state=Status.HELD, code="agent_paused")
    stops.after_change(row.agent_id)


@pytest.mark.parametrize("free", [release, resume])
def test_what_waited_for_a_person_for_days_is_tried_again(robin: Known, free: Callable[[Outgoing], None]) -> None:
    row = sent(robin, ANN)
    age(4)
    free(row)
    work.run(Says(ann=Outcome.TEMPORARY))
    assert ended() == (Status.QUEUED, {"ann": "queued"})


def test_the_days_of_mail_for_later_begin_when_it_is_due(robin: Known) -> None:
    sent(robin, ANN, send_at=(clock.now() + timedelta(days=5)).isoformat())
    due = Outgoing.objects.get().due_since
    assert due is not None
    assert due > clock.now() + timedelta(days=4)
    Outgoing.objects.update(created_at=clock.now() - timedelta(days=5), due_since=due - timedelta(days=5))
    due_again()
    work.run(Says(ann=Outcome.TEMPORARY))
    assert ended() == (Status.QUEUED, {"ann": "queued"})


def test_mail_from_before_there_was_a_due_time_is_given_up_all_the_same(robin: Known) -> None:
    sent(robin, ANN)
    Outgoing.objects.update(created_at=clock.now() - timedelta(days=4), due_since=None)
    (parcel,) = batch.next_outbound_batch().parcels
    assert results.ending(parcel, Result(parcel.id, (Answer(ANN, Outcome.TEMPORARY),)), None).status == Status.FAILED


def test_a_change_that_is_taken_late_holds_nothing(robin: Known) -> None:
    """Two workers took the pause and the resumption in the other order."""
    row = sent(robin, ANN)
    for state in (AgentState.PAUSED, AgentState.ACTIVE):
        states.change(robin.agent.id, state, "a test", actor="test")
    stops.after_change(row.agent_id)
    assert Outgoing.objects.get().state == Status.QUEUED


def test_what_a_pause_held_does_not_leave_after_a_kill(robin: Known) -> None:
    row = sent(robin, ANN)
    for state in (AgentState.PAUSED, AgentState.KILLED):
        states.change(robin.agent.id, state, "a test", actor="test")
        stops.after_change(row.agent_id)
    assert Outgoing.objects.get().code == "agent_killed"
    states.change(robin.agent.id, AgentState.ACTIVE, "looked at", actor="test")
    stops.after_change(row.agent_id)
    assert Outgoing.objects.get().state == Status.HELD
