"""Runaway agents, two that answer each other, and quotas under fire."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from outbound import asked, sameness, work
from outbound.draft import Draft, mailbox, recipients_of
from outbound.enqueue import enqueue_outbound
from outbound.gates.case import Refused
from outbound.models import OutboundRecipient, Outgoing, Role, SendQuota
from outbound.transports.mailbox import Mailbox
from postbox.audit.models import AuditRecord
from postbox.events.models import Event, EventCopy
from postbox.identity import states
from postbox.identity.models import AgentState
from postbox.mail.models import Status
from tests.callers import call
from tests.people import Known, known_agent

WORDS = [
    *("heron", "otter", "maple", "river", "stone", "amber", "cloud", "fjord"),
    *("grove", "haven", "inlet", "knoll", "ledge", "mossy", "north", "ocean"),
]


@pytest.fixture
def robin(transactional_db: None) -> Known:
    known = known_agent()
    known.owner.email = "olive@owner.example"
    known.owner.save()
    return known


def draft(number: int, to: str = "", **changes: Any) -> Draft:
    """Each number another text of eighty words."""
    words = [
        WORDS[(number * 7 + place * place * (number % 5 + 1)) % 16] + WORDS[(number + place) % 16]
        for place in range(80)
    ]
    address = to or f"p{number}@ek.example"
    return Draft(recipients_of([(mailbox(address, "to"), Role.TO)]), subject="Hi", text=" ".join(words), **changes)


def same(number: int) -> Draft:
    return Draft(
        recipients_of([(mailbox(f"p{number}@ek.example", "to"), Role.TO)]),
        subject=f"Order {number}",
        text=f"Dear customer, your order {number} of 2026-11-{number:02} is on its way to you. Ref {number * 7919:08x}",
    )


def test_the_fifth_of_the_same_is_held_and_the_agent_killed(robin: Known) -> None:
    taken = [enqueue_outbound(robin.agent.id, same(number)) for number in range(1, 6)]
    assert [one.status for one in taken] == ["queued"] * 4 + ["held"]
    assert taken[-1].code == "repeated_message"
    robin.agent.refresh_from_db()
    assert robin.agent.state == AgentState.KILLED
    with pytest.raises(Refused, match="killed"):
        enqueue_outbound(robin.agent.id, draft(1))
    work.run(Mailbox())
    states_of = list(Outgoing.objects.exclude(origin="notice").values_list("state", flat=True))
    assert states_of.count(Status.HELD) == 5  # what had not left by then stays
    notice = OutboundRecipient.objects.get(address="olive@owner.example")
    assert notice.state == "accepted"
    # Whom its owner has look after it is not for the agent to know.
    listed = call("/list", {}, robin.agent_key)
    assert listed.body["count"] == 5
    assert "olive@owner.example" not in str(listed.body)
    heard = EventCopy.objects.filter(consumer="webhooks").values_list("event__message_id", flat=True)
    assert notice.message_id not in set(heard)
    assert len(set(heard)) == 6, "its own five, and that it was killed"
    assert Event.objects.filter(kind="agent.killed").count() == 1
    assert AuditRecord.objects.filter(action="agent.killed").count() == 1


def test_different_mails_are_no_loop(robin: Known) -> None:
    for number in range(12):
        assert enqueue_outbound(robin.agent.id, draft(number)).status == "queued"


def test_workers_never_let_a_fifth_leave(robin: Known) -> None:
    gate = threading.Barrier(8)

    def one(number: int) -> str:
        try:
            gate.wait(30)
            return enqueue_outbound(robin.agent.id, same(number + 1)).status
        except Refused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(one, range(8)))
    assert results.count("queued") == 4
    assert results.count("held") == 1
    assert results.count("agent_killed") == 3


def test_a_person_resumes_it_and_counting_begins_anew(robin: Known) -> None:
    for number in range(1, 6):
        enqueue_outbound(robin.agent.id, same(number))
    states.change(robin.agent.id, AgentState.ACTIVE, "looked at", actor="olive")
    assert enqueue_outbound(robin.agent.id, same(6)).status == "queued"


def test_a_conversation_takes_six_messages_in_ten_minutes(robin: Known) -> None:
    first = enqueue_outbound(robin.agent.id, draft(0))
    thread = Outgoing.objects.get(pk=first.id).thread_id
    taken = [enqueue_outbound(robin.agent.id, draft(n, thread_id=thread)) for n in range(1, 7)]
    assert [one.status for one in taken] == ["queued"] * 5 + ["held"]
    assert taken[-1].code == "busy_thread"


def test_answers_to_one_counterpart_stop_whatever_their_thread(robin: Known) -> None:
    taken = [
        enqueue_outbound(robin.agent.id, draft(n, "bo@ek.example", in_reply_to=f"<{n}@ek.example>")) for n in range(7)
    ]
    assert [one.status for one in taken] == ["queued"] * 6 + ["held"]
    assert taken[-1].code == "ping_pong"


def spend(robin: Known, count: int, processes: int = 8) -> list[str]:
    def one(number: int) -> str:
        try:
            return enqueue_outbound(robin.agent.id, draft(number)).status
        except Refused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(processes) as pool:
        return list(pool.map(one, range(count)))


def test_an_agent_that_spends_its_quota_is_paused(robin: Known) -> None:
    SendQuota.objects.create(scope="agent", agent=robin.agent, window="hour", limit=5)
    assert call("/send", {"to": "p@ek.example", "text": "one"}, robin.agent_key).status == 202
    results = spend(robin, 9)
    assert results.count("queued") == 4
    assert set(results) <= {"queued", "quota_spent", "agent_paused"}
    robin.agent.refresh_from_db()
    assert robin.agent.state == AgentState.PAUSED
    while asked.take():
        pass
    assert Outgoing.objects.filter(state=Status.HELD, code="agent_paused").count() == 5
    states.change(robin.agent.id, AgentState.ACTIVE, "a larger quota", actor="olive")
    while asked.take():
        pass
    assert Outgoing.objects.exclude(origin="notice").filter(state=Status.QUEUED).count() == 5
    answer = call("/send", {"to": "q@ek.example", "text": "two"}, robin.agent_key)
    assert (answer.status, answer.body["code"]) == (402, "quota_spent")
    assert 0 < int(answer.headers["Retry-After"]) <= 3601


@pytest.mark.parametrize("limit", [7, 64, 100])
def test_a_shared_quota_is_spent_to_the_last(robin: Known, limit: int, settings: Settings) -> None:
    SendQuota.objects.create(scope="system", window="day", limit=limit)
    settings.POSTBOX_QUOTAS = dict.fromkeys(settings.POSTBOX_QUOTAS, 0)
    agents = [robin, *(known_agent(f"agent{n}", f"owner{n % 3}") for n in range(9))]

    def one(number: int) -> str:
        try:
            return enqueue_outbound(agents[number % 10].agent.id, draft(number)).status
        except Refused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(one, range(limit + 20)))
    assert results.count("queued") == limit
    assert results.count("quota_spent") == 20


def near(first: str, second: str) -> bool:
    return sameness.distance(sameness.similarity(first), sameness.similarity(second)) <= sameness.NEAR


@pytest.mark.parametrize(
    "change",
    [
        lambda text, n: text + f" Ref {n * 7919:x}",
        lambda text, n: text.replace("Tuesday", ("Monday", "Friday", "Sunday")[n % 3]),
        lambda text, n: text.upper(),
        lambda text, n: text.replace(".", " !! "),
    ],
)
def test_salt_makes_no_new_text(change: Callable[[str, int], str]) -> None:
    text = (
        "Dear friend, we are glad to tell you that the meeting of the garden committee takes place on Tuesday in the "
        "old town hall. Bring your plans for the spring flowers and tell us whom you would like to see as chair. "
        "Coffee and cake will be served by the ladies of the choir, as in every year."
    )
    assert all(near(text, change(text, n)) for n in range(4))
    assert not near(
        text, "The invoice for your last order is attached. Please pay it within thirty days to our account."
    )
