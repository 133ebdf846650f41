"""A person's word on mail that waits for one: each step that is allowed, and none that is not."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from outbound import batch, held, results, work
from outbound.gates.case import Refused
from outbound.models import OutboundRecipient, Outgoing, SendQuota
from outbound.transports.mailbox import Mailbox
from postbox.audit.models import AuditRecord
from postbox.events.models import Event
from postbox.identity import states
from postbox.identity.models import AgentState
from postbox.mail.models import IllegalTransition, Message, Status
from reputation.models import EmailReputation, SuppressionReason
from reputation.suppressions import lift, suppress
from tests.callers import call
from tests.people import Known, known_agent

ANN, BO = "ann@mercer-bikes.example", "bo@ek.example"
BY: Any = {"actor": "user:7"}


@pytest.fixture
def robin(transactional_db: None) -> Known:
    return known_agent()


def wants_approval(attempt: object) -> str:
    return "Somebody has to look at it."


@pytest.fixture
def waiting(robin: Known, settings: Settings) -> uuid.UUID:
    """A mail to two that a person has to approve; later ones need no approval."""
    settings.POSTBOX_APPROVALS = (f"{__name__}.wants_approval",)
    answer = call("/send", {"to": ANN, "cc": BO, "subject": "Hi", "text": "Hello"}, robin.agent_key)
    assert answer.body["status"] == "held", answer.body
    settings.POSTBOX_APPROVALS = ()
    return uuid.UUID(answer.body["id"])


@pytest.fixture
def lost(robin: Known) -> uuid.UUID:
    """A mail whose worker died after it began to hand it over."""
    answer = call("/send", {"to": ANN, "cc": BO, "subject": "Hi", "text": "Hello"}, robin.agent_key)
    claimed = batch.next_outbound_batch()
    assert batch.begin(claimed.token, claimed.parcels)
    Outgoing.objects.update(leased_until="2026-01-01T00:00:00Z")
    assert results.give_up_lost() == 1
    return uuid.UUID(answer.body["id"])


def state_of(message_id: uuid.UUID) -> str:
    """The state that both rows of a message agree on."""
    row, message = Outgoing.objects.get(pk=message_id), Message.objects.get(pk=message_id)
    assert row.state == message.status
    return row.state


def used() -> set[int]:
    return set(SendQuota.objects.filter(scope="agent").values_list("used", flat=True))


def kinds() -> list[str]:
    return list(Event.objects.order_by("id").values_list("kind", flat=True))


def test_released_mail_is_debited_then_and_sent(waiting: uuid.UUID) -> None:
    assert used() == set()
    held.release(waiting, **BY)
    assert (state_of(waiting), used()) == (Status.QUEUED, {2})
    assert Message.objects.get(pk=waiting).decided_by == "user:7"
    assert AuditRecord.objects.get(action="message.released").actor == "user:7"
    work.run(Mailbox())
    assert state_of(waiting) == Status.ACCEPTED
    assert kinds() == ["message.held", "message.queued", "message.sent"]


def test_rejected_mail_reaches_nobody(waiting: uuid.UUID) -> None:
    held.reject(waiting, reason="It names a customer.", **BY)
    assert (state_of(waiting), used()) == (Status.FAILED, set())
    rows = OutboundRecipient.objects.values_list("state", "last_code", "last_detail")
    assert set(rows) == {("failed", "rejected", "It names a customer.")}
    work.run(Mailbox())
    assert kinds() == ["message.held", "message.failed"]
    assert AuditRecord.objects.filter(action="message.rejected", subject=str(waiting)).count() == 1


def test_nothing_happens_twice(waiting: uuid.UUID) -> None:
    held.release(waiting, **BY)
    for again in (held.release, held.reject):
        with pytest.raises(IllegalTransition, match="queued, not held"):
            again(waiting, **BY)
    with pytest.raises(IllegalTransition, match="queued, not unknown"):
        held.settle(waiting, Status.ACCEPTED, **BY)
    assert used() == {2}
    with pytest.raises(Outgoing.DoesNotExist):
        held.release(uuid.uuid4(), **BY)


def test_what_changed_since_is_asked_again(waiting: uuid.UUID, robin: Known) -> None:
    suppress(robin.owner.id, BO, SuppressionReason.MANUAL, actor="test")
    with pytest.raises(Refused, match="bo@ek.example: Suppressed"):
        held.release(waiting, **BY)
    lift(robin.owner.id, BO, actor="test")
    states.change(robin.agent.id, AgentState.KILLED, "odd", actor="test")
    with pytest.raises(Refused, match="killed"):
        held.release(waiting, **BY)
    assert (state_of(waiting), used()) == (Status.HELD, set())


def test_a_spent_quota_keeps_it(waiting: uuid.UUID, robin: Known) -> None:
    SendQuota.objects.create(scope="agent", agent=robin.agent, window="hour", limit=1)
    with pytest.raises(Refused, match="quota of 1 recipients per hour is spent"):
        held.release(waiting, **BY)
    assert state_of(waiting) == Status.HELD
    assert SendQuota.objects.get(scope="agent", window="hour").used == 0
    SendQuota.objects.filter(scope="agent", window="hour").update(limit=2)
    held.release(waiting, **BY)
    assert SendQuota.objects.get(scope="agent", window="hour").used == 2


def test_what_was_debited_by_its_gate_is_not_debited_again(robin: Known) -> None:
    answer = call("/send", {"to": ANN, "text": "Hello"}, robin.agent_key)
    states.change(robin.agent.id, AgentState.KILLED, "odd", actor="test")
    work.run(Mailbox())
    message_id = uuid.UUID(answer.body["id"])
    assert (state_of(message_id), used()) == (Status.HELD, {1})
    states.change(robin.agent.id, AgentState.ACTIVE, "looked", actor="test")
    held.release(message_id, **BY)
    assert (state_of(message_id), used()) == (Status.QUEUED, {1})


def test_released_held_and_released_again_is_debited_once(waiting: uuid.UUID, robin: Known) -> None:
    held.release(waiting, **BY)
    states.change(robin.agent.id, AgentState.KILLED, "odd", actor="test")
    work.run(Mailbox())
    assert state_of(waiting) == Status.HELD
    states.change(robin.agent.id, AgentState.ACTIVE, "looked", actor="test")
    held.release(waiting, **BY)
    assert used() == {2}


def test_unknown_mail_that_arrived_is_counted(lost: uuid.UUID) -> None:
    held.settle(lost, Status.ACCEPTED, **BY)
    assert state_of(lost) == Status.ACCEPTED
    assert set(OutboundRecipient.objects.values_list("state", flat=True)) == {"accepted"}
    assert EmailReputation.objects.get(address=BO).sent == 1
    assert kinds()[-1] == "message.sent"
    assert AuditRecord.objects.get(action="message.settled").detail == {"before": "unknown", "after": "accepted"}


def test_unknown_mail_that_did_not_arrive_failed(lost: uuid.UUID) -> None:
    held.settle(lost, Status.FAILED, **BY)
    assert state_of(lost) == Status.FAILED
    assert set(OutboundRecipient.objects.values_list("state", flat=True)) == {"failed"}
    assert kinds()[-1] == "message.failed"


def test_what_some_have_is_not_failed(lost: uuid.UUID) -> None:
    OutboundRecipient.objects.filter(address=ANN).update(state="accepted")
    held.settle(lost, Status.FAILED, **BY)
    assert state_of(lost) == Status.ACCEPTED
    assert dict(OutboundRecipient.objects.values_list("address", "state")) == {ANN: "accepted", BO: "failed"}


def test_unknown_mail_goes_out_again_to_those_who_may_lack_it(lost: uuid.UUID) -> None:
    OutboundRecipient.objects.filter(address=ANN).update(state="accepted")
    before = used()
    held.settle(lost, Status.QUEUED, **BY)
    (parcel,) = batch.next_outbound_batch().parcels
    assert [target.address for target in parcel.targets] == [BO]
    assert used() == before


@pytest.mark.parametrize("after", [Status.HELD, Status.SENDING, Status.UNKNOWN])
def test_no_other_decision_is_taken(lost: uuid.UUID, after: Status) -> None:
    with pytest.raises(IllegalTransition):
        held.settle(lost, after, **BY)
    assert state_of(lost) == Status.UNKNOWN
