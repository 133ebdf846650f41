"""Automatic mail of this system says so by a header that only this system writes, and goes on only so often."""

from __future__ import annotations

import uuid
from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound import work as outbound
from outbound.asked import HOPS
from outbound.models import Origin, Outgoing, SendQuota
from outbound.transports.mailbox import Mailbox
from postbox.audit.models import AuditRecord
from postbox.identity.hops import HEADER, hops_of, stamp
from postbox.identity.models import AgentState
from postbox.ingest import work as ingest
from postbox.lib.ids import uuid7
from postbox.mail.raw import raw_of
from tests.callers import call
from tests.people import Known, deliver, known_agent
from tests.people import mail as letter

TURNS = 20


def rule(known: Known, actions: dict[str, object]) -> None:
    body = {"name": "on", "match": {"every_mail": True}, "actions": actions}
    assert call("/rule/put", body, known.agent_key).status == 200


def settle() -> None:
    """Until nothing more happens, which must be soon."""
    for _ in range(TURNS):
        if not ingest.run() + outbound.run(Mailbox()):
            return
    raise AssertionError("it goes on and on")


@given(st.uuids(version=4), st.integers(1, 9999))
def test_a_stamp_reads_as_it_was_written_and_nothing_else_does(message_id: uuid.UUID, hops: int) -> None:
    value = stamp(message_id, hops)
    assert hops_of([value]) == hops_of(["x", value, ""]) == hops
    assert hops_of([value.replace(f"{hops};", f"{hops + 1};")]) == 0
    assert hops_of([stamp(uuid7(), hops).partition(".")[0] + "." + value.partition(".")[2]]) == 0
    assert hops_of([]) == hops_of(["1; " + "0" * 32 + "." + "0" * 16]) == 0


@pytest.mark.django_db(transaction=True)
def test_agents_that_forward_to_each_other_in_a_ring_stop() -> None:
    ring = [known_agent(name) for name in ("robin", "heron", "wren")]
    for number, known in enumerate(ring):
        rule(known, {"forward": ring[(number + 1) % len(ring)].address})
    deliver(letter(), ring[0].address)
    settle()
    sent = Outgoing.objects.filter(origin=Origin.FORWARD).order_by("message_id")
    raws = [message_from_bytes(raw_of(row.message_id, row.agent_id)) for row in sent]
    assert [hops_of(raw.get_all(HEADER, [])) for raw in raws] == list(range(1, HOPS + 1))
    assert AuditRecord.objects.get(action="outbound.not_sent").detail["code"] == "too_many_hops"


@pytest.mark.django_db(transaction=True)
def test_rules_that_spend_the_quota_pause_their_agent() -> None:
    robin = known_agent()
    rule(robin, {"forward": "ann@ek.example"})
    SendQuota.objects.create(scope="agent", agent=robin.agent, window="hour", limit=1)
    for _ in range(2):
        deliver(letter(), robin.address)
    settle()
    assert AuditRecord.objects.get(action="outbound.not_sent").detail["code"] == "quota_spent"
    robin.agent.refresh_from_db()
    assert robin.agent.state == AgentState.PAUSED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("header", "answers"), [("", 1), ("1; " + "0" * 32 + "." + "0" * 16, 1), ("ours", 0)])
def test_no_automatic_answer_to_a_header_of_ours(header: str, answers: int) -> None:
    robin = known_agent()
    rule(robin, {"auto_reply": {"text": "Thank you."}})
    value = stamp(uuid7(), 1) if header == "ours" else header
    deliver(letter(headers=f"{HEADER}: {value}\r\n" if value else ""), robin.address)
    settle()
    rows = Outgoing.objects.filter(origin=Origin.AUTO_REPLY)
    assert rows.count() == answers
    for row in rows:
        assert hops_of([message_from_bytes(raw_of(row.message_id, row.agent_id))[HEADER]]) == 1


@pytest.mark.django_db(transaction=True)
def test_what_an_agent_writes_itself_has_no_such_header() -> None:
    robin = known_agent()
    answer = call("/send", {"to": "ann@ek.example", "text": "Hello"}, robin.agent_key)
    raw = raw_of(uuid.UUID(answer.body["id"]), robin.agent.id)
    assert HEADER not in message_from_bytes(raw)
