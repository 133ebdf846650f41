"""The statements that every ``/send`` runs: found by indexes however many rows there are, and kept by the driver."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from outbound import sameness, store
from outbound.draft import Draft, mailbox, recipients_of
from outbound.enqueue import enqueue_outbound
from outbound.gates import look
from outbound.models import Origin, Role
from postbox.lib import clock
from postbox.lib.ids import first_uuid7, uuid7
from tests.outbound.test_breakers import draft as different
from tests.people import known_agent

ROWS = 5_000
_MESSAGES = """
INSERT INTO messages (id, direction, status, agent_id, mail_from, rcpt_to, header_from, helo, size, digest, received_at,
                      not_before, attempts, quarantined, spf, dkim, dmarc, body_ref)
SELECT gen_random_uuid(), 'outbound', 'accepted', %(agent)s, '', 'r' || n, '', '', 1000, sha256(n::text::bytea), now(),
       now(), 0, false, 'none', 'none', 'none', ''
FROM generate_series(1, %(rows)s) n
"""
_REST = """
INSERT INTO outbound_messages (message_id, agent_id, state, origin, code, created_at, fingerprint, similarity,
                               thread_id, is_automatic, is_answer, transport, provider_id, attempts, not_before)
SELECT id, agent_id, 'accepted', 'agent', '', now(), 'x', 0, gen_random_uuid(), false, false, '', '', 1, now()
FROM messages
"""
_RECIPIENTS = """
INSERT INTO outbound_recipients (message_id, address, role, state, attempts, last_code, last_detail, changed_at,
                                 bounce_type, bounce_detail)
SELECT id, rcpt_to || '@ek.example', 'to', 'accepted', 1, '', '', now(), '', '' FROM messages
"""
_REPUTATIONS = """
INSERT INTO email_reputations (owner_id, address, sent, hard_bounces, soft_bounces, complaints, last_bounce_type)
SELECT %s, rcpt_to || '@ek.example', 1, 0, 0, 0, '' FROM messages
"""


def draft(**changes: Any) -> Draft:
    return Draft(recipients_of([(mailbox("r7@ek.example", "to"), Role.TO)]), **({"text": "Hi"} | changes))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("planned", ["before there were rows", "after"])
def test_the_look_finds_its_rows_by_indexes(planned: str) -> None:
    known = known_agent()
    values = look.values_of(known.agent.id, draft(), uuid7(), (b"x" * 32, 0), clock.now())
    values["address_id"] = known.agent.addresses.get().id
    with transaction.atomic(), connection.cursor() as cursor:
        if planned == "after":
            _fill(known.agent.id, known.owner.id)
        cursor.execute(look._LOCK, [known.agent.id])
        cursor.execute(f"EXPLAIN (COSTS OFF) {look._LOOK}", values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    for index, rows in (
        ("outbound_recipients_lately", r"lower\(.*message_id > "),
        ("outbound_messages_pkey", r"message_id = r_?\d*\.message_id"),
        ("email_reputations_once", r"owner_id = .*address.* = w.address"),
        ("outbound_suppressions_live", r"owner_id = .*address.* = w.address"),
    ):
        assert re.search(rf"{index} on .*\n.*Index Cond: .*{rows}", plan), f"{index}:\n{plan}"
    assert "Seq Scan" not in plan, plan


def _fill(agent_id: uuid.UUID, owner_id: uuid.UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES, {"agent": agent_id, "rows": ROWS})
        cursor.execute(_REST)
        cursor.execute(_RECIPIENTS)
        cursor.execute(_REPUTATIONS, [owner_id])
        cursor.execute("ANALYZE messages, outbound_messages, outbound_recipients, email_reputations")


def test_the_driver_keeps_what_it_made_of_the_statements() -> None:
    from psycopg import _queries

    for sql in (store._AND_DEBIT, store._NO_DEBIT, look._LOOK):
        assert len(sql) <= _queries.MAX_CACHED_STATEMENT_LENGTH
        assert len(set(re.findall(r"%\((\w+)\)s", sql))) <= _queries.MAX_CACHED_STATEMENT_PARAMS


@pytest.mark.django_db(transaction=True)
def test_a_send_is_three_statements_in_a_transaction(django_assert_max_num_queries: Any) -> None:
    robin = known_agent()
    enqueue_outbound(robin.agent.id, draft(text="The first makes the rows of the quotas"))
    with django_assert_max_num_queries(5):  # BEGIN and COMMIT are among them
        enqueue_outbound(robin.agent.id, draft(text="Another with other words"))


@pytest.mark.django_db(transaction=True)
def test_a_lock_that_does_not_come_is_the_databases_error_and_the_connection_goes_on() -> None:
    robin = known_agent()
    parameters: dict[str, Any] = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname", "options")
    other = psycopg.connect(**{name: parameters[name] for name in names})
    with other, connection.cursor() as cursor:
        other.execute("SELECT 1 FROM agents WHERE id = %s FOR UPDATE", [robin.agent.id])
        cursor.execute("SET lock_timeout = '200ms'")
        try:
            with pytest.raises(OperationalError, match="lock timeout"):
                enqueue_outbound(robin.agent.id, draft())
        finally:
            cursor.execute("RESET lock_timeout")
    assert enqueue_outbound(robin.agent.id, draft()).status == "queued"


@pytest.mark.django_db(transaction=True)
def test_what_was_sent_to_a_counterpart_is_counted_whatever_the_case_of_its_address() -> None:
    robin = known_agent()
    answers = [
        different(number, address, in_reply_to=f"<{number}@ek.example>")
        for number, address in enumerate(("Bo@ek.example", "bO@ek.example", "bo@ek.example", "BO@ek.example") * 2)
    ]
    taken = [enqueue_outbound(robin.agent.id, answer) for answer in answers[:7]]
    assert [one.status for one in taken] == ["queued"] * 6 + ["held"]
    assert taken[-1].code == "ping_pong"


@pytest.mark.django_db(transaction=True)
def test_one_automatic_answer_a_day_is_counted_by_its_time_not_its_ids() -> None:
    from outbound.gates.breakers import OneAutomaticAnswer

    robin = known_agent()
    answer = draft(origin=Origin.AUTO_REPLY, is_automatic=True)
    with clock.frozen(clock.now() - timedelta(hours=23)):
        enqueue_outbound(robin.agent.id, answer)
    with pytest.raises(OneAutomaticAnswer):
        enqueue_outbound(robin.agent.id, draft(origin=Origin.AUTO_REPLY, is_automatic=True, text="Away again"))
    with clock.frozen(clock.now() + timedelta(hours=2)):
        assert enqueue_outbound(robin.agent.id, answer).status == "queued"


def test_the_first_id_lies_before_all_of_its_window() -> None:
    before = uuid7()
    assert first_uuid7(timedelta(seconds=30)) < before
    assert first_uuid7(timedelta(seconds=-30)) > uuid7()


@given(st.text("aB_- \u00e9.:/@1\n", max_size=60))
def test_words_of_ascii_are_what_they_are_of_any_text(text: str) -> None:
    plain = "".join(c for c in text if c.isascii())
    assert sameness._words(plain) == sameness._words(f"{plain} \u2026")


@given(st.lists(st.sampled_from(["heron", "otter", "maple", "river"]), max_size=300))
def test_a_similarity_is_a_signed_number_of_64_bits(words: list[str]) -> None:
    value = sameness.similarity(" ".join(words))
    assert -(1 << 63) <= value < 1 << 63
    assert sameness.distance(value, sameness.similarity(" 12, ".join(words).upper())) == 0
