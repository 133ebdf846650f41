"""A person's word on mail that waits for one: held mail is released or rejected, unknown mail is settled.

Decides that only the steps of OUTBOUND_TRANSITIONS are taken, that what goes back into the queue is asked again what
may have changed since (the agent's state, suppressions), and that its quota is debited once: at its release, where no
gate did before. Each decision has an audit record and its event. It never hands a mail to anybody.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction

from outbound import quotas, told
from outbound.gates.agent_state import AgentKilled, AgentPaused
from outbound.gates.case import Refused
from outbound.gates.quota import DEBITED, words_of_spent
from outbound.gates.quota import name as quota_step
from outbound.gates.suppression import RecipientSuppressed, words_of
from outbound.models import Origin, OutboundRecipient, Outgoing, RecipientState
from postbox.audit.record import record
from postbox.events.models import EventKind
from postbox.events.wakeups import wake
from postbox.identity.models import Agent, AgentState
from postbox.lib import clock
from postbox.mail.models import OUTBOUND_TRANSITIONS, IllegalTransition, Message, Outcome, Status, StepVerdict
from reputation import counting, suppressions

REJECTED = "rejected"
SETTLED = "settled_by_a_person"
_MAX_ACTOR = 120
_HAVE_IT = (
    RecipientState.ACCEPTED,
    RecipientState.DELIVERED,
    RecipientState.BOUNCED,
    RecipientState.COMPLAINED,
)
_EVENTS = {
    Status.QUEUED: EventKind.MESSAGE_QUEUED,
    Status.ACCEPTED: EventKind.MESSAGE_SENT,
    Status.FAILED: EventKind.MESSAGE_FAILED,
}
_STATES = {
    AgentState.PAUSED.value: AgentPaused("The agent is paused; resume it first."),
    AgentState.KILLED.value: AgentKilled("The agent was killed; set it active first."),
}


class NotEnough(Refused):
    """The quota that the release would debit is spent."""

    status = 402
    code = "quota_spent"


def release(message_id: uuid.UUID, *, actor: str) -> None:
    """Let held mail go: from held to queued, its quota debited now.

    Raises IllegalTransition, Outgoing.DoesNotExist, Refused (the agent may not send, a recipient must not be written
    to, the quota is spent).
    """
    with transaction.atomic():
        row = _locked(message_id, Status.HELD, Status.QUEUED)
        _ask_again(row, RecipientState.QUEUED)
        _debit(row)
        _move(row, Status.QUEUED, "", actor)
        record(actor, "message.released", row.pk, before=Status.HELD.value, after=Status.QUEUED.value)
        wake("outbound")


def reject(message_id: uuid.UUID, *, actor: str, reason: str = "") -> None:
    """End held mail: nobody gets it. Raises IllegalTransition, Outgoing.DoesNotExist."""
    with transaction.atomic():
        row = _locked(message_id, Status.HELD, Status.FAILED)
        _recipients(row, RecipientState.QUEUED, RecipientState.FAILED, REJECTED, reason or "A person rejected it.")
        _move(row, Status.FAILED, REJECTED, actor)
        record(actor, "message.rejected", row.pk, before=Status.HELD.value, after=Status.FAILED.value)


def settle(message_id: uuid.UUID, after: Status, *, actor: str) -> None:
    """Say of unknown mail what a person found out: ACCEPTED (it arrived), FAILED, or QUEUED (again).

    Where some recipients have it already, a mail that did not reach the others is accepted. Raises as ``release``.
    """
    with transaction.atomic():
        row = _locked(message_id, Status.UNKNOWN, after)
        if after == Status.QUEUED:
            _ask_again(row, RecipientState.UNKNOWN)
        if after == Status.ACCEPTED:
            _count(row)
        state = {Status.ACCEPTED: RecipientState.ACCEPTED, Status.FAILED: RecipientState.FAILED}
        _recipients(row, RecipientState.UNKNOWN, state.get(after, RecipientState.QUEUED), SETTLED, "A person said so.")
        if after == Status.FAILED and row.recipients.filter(state__in=_HAVE_IT).exists():
            after = Status.ACCEPTED
        _move(row, after, "" if after == Status.QUEUED else SETTLED, actor)
        record(actor, "message.settled", row.pk, before=Status.UNKNOWN.value, after=after.value)
        if after == Status.QUEUED:
            wake("outbound")


def _locked(message_id: uuid.UUID, before: Status, after: Status) -> Outgoing:
    """The row, with its agent's row locked first, as every mail that is sent locks it."""
    agent_id = Outgoing.objects.values_list("agent_id", flat=True).get(pk=message_id)
    agent = Agent.objects.select_for_update(no_key=True).get(pk=agent_id)
    row = Outgoing.objects.select_for_update().get(pk=message_id)
    row.agent = agent
    if row.state != before:
        raise IllegalTransition(f"this message is {row.state}, not {before.value}")
    if after not in OUTBOUND_TRANSITIONS[before]:
        raise IllegalTransition(f"a message that is {before.value} cannot become {after.value}")
    return row


def _ask_again(row: Outgoing, state: RecipientState) -> None:
    """The gates whose answers may have changed. Raises Refused."""
    if row.origin != Origin.NOTICE and (stopped := _STATES.get(row.agent.state)):
        raise stopped
    addresses = list(row.recipients.filter(state=state).values_list("address", flat=True))
    if found := suppressions.find(row.agent.owner_id, row.agent_id, addresses):
        named = "; ".join(f"{item.address}: {words_of(item)}" for item in found)
        raise RecipientSuppressed(f"A recipient must not be written to. {named}")


def _debit(row: Outgoing) -> None:
    """Once: what was held after its gates, because its agent was stopped, is paid for. Raises NotEnough."""
    verdict = StepVerdict.objects.filter(message_id=row.pk, step=quota_step).first()
    if row.origin == Origin.NOTICE or verdict is None or verdict.code == DEBITED:
        return
    count = row.recipients.filter(state=RecipientState.QUEUED).count()
    if spent := quotas.debit(row.agent_id, row.agent.owner_id, count, clock.now()):
        raise NotEnough(words_of_spent(spent))
    verdict.outcome, verdict.code = Outcome.PASS, DEBITED
    verdict.save(update_fields=["outcome", "code"])


def _count(row: Outgoing) -> None:
    reached = row.recipients.filter(state=RecipientState.UNKNOWN).values_list("address", flat=True)
    counting.sent([(row.agent.owner_id, row.agent_id, address) for address in reached], [])


def _recipients(row: Outgoing, before: RecipientState, after: RecipientState, code: str, detail: str) -> None:
    values: dict[str, Any] = {"state": after, "changed_at": clock.now()}
    OutboundRecipient.objects.filter(message=row, state=before).update(
        **values, last_code=code[:32], last_detail=detail[:500]
    )


def _move(row: Outgoing, after: Status, code: str, actor: str) -> None:
    """Both rows of the message, and the event of its new state."""
    now = clock.now()
    row.state, row.code = after.value, code
    row.settled_at = None if after == Status.QUEUED else now
    if after == Status.QUEUED:  # it is due anew, however long it waited for somebody
        row.not_before = row.due_since = max(row.not_before, now)
    row.lease_token, row.leased_until = None, None
    row.save(update_fields=["state", "code", "settled_at", "not_before", "due_since", "lease_token", "leased_until"])
    Message.objects.filter(pk=row.pk).update(status=after, decided_by=actor[:_MAX_ACTOR])
    told.tell(_EVENTS[after], row.pk, **({"code": code} if code else {}))
