"""What happens to a batch beside its steps, when one mail or one rule makes it fail: that one is held, and no other."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection, connections

from postbox.identity.keys import forget
from postbox.ingest import claim, pipeline, threads, work
from postbox.ingest.steps import parse
from postbox.mail.models import Message, Outcome, Status
from postbox.rules import compiled
from postbox.rules.models import InboundRule
from postbox.screening.case import Case, Verdict
from postbox.screening.policy import Effective
from tests.ingest.test_work import content_of
from tests.people import Known, deliver, known_agent, mail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def robin() -> Iterator[Known]:
    forget()
    compiled.forget()
    yield known_agent()
    forget()
    compiled.forget()


class Unthreadable:
    """A step that leaves of one mail what no thread can be made of."""

    name = "distil"

    @staticmethod
    def check(case: Case) -> Verdict:
        if b"unthreadable" in case.raw and case.parsed:
            headers: Any = (("In-Reply-To", None),)
            case.parsed = dataclasses.replace(case.parsed, headers=headers)
        return Verdict("distil", Outcome.PASS, "fine", "Fine.")


def test_a_mail_without_a_possible_thread_is_quarantined_with_its_traceback(
    robin: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "STEPS", (parse, Unthreadable))
    for text in ("one", "unthreadable", "three"):
        deliver(mail(text=text), robin.address)
    batch = claim.fresh()
    opened = [found for one in batch.mails if (found := work._read(one, Effective(), ()))]
    with pytest.raises(TypeError):  # the fault happens
        threads.assign([case for case, _ in work._judge(opened, time.monotonic() + 60)])
    assert work._work(batch) == 3
    held = Message.objects.get(status=Status.QUARANTINED)
    assert "TypeError" in content_of(held).traceback
    assert "keys_of" in content_of(held).traceback
    assert [(v.step, v.code) for v in held.verdicts.all()][-1] == ("threads", "crashed")
    assert (held.thread_id, held.attempts) == (None, 1)
    passed = Message.objects.filter(status=Status.PROCESSED)
    assert len({message.thread_id for message in passed} - {None}) == 2
    assert work.run() == 0


def test_a_database_that_fails_holds_no_mail(robin: Known) -> None:
    deliver(mail(), robin.address)
    batch = claim.fresh()
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor, connection.cursor() as own:
            cursor.execute("BEGIN")
            cursor.execute("LOCK TABLE thread_keys")
            own.execute("SET lock_timeout = '100ms'")
            with pytest.raises(OperationalError):
                work._work(batch)
            own.execute("RESET lock_timeout")
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert Message.objects.get().status == Status.RECEIVED
    assert work._work(batch) == 1
    assert Message.objects.get().status == Status.PROCESSED


def test_a_rule_that_cannot_be_read_holds_its_agents_mail_alone(robin: Known) -> None:
    wren = known_agent("wren")
    for agent in (robin.agent, wren.agent):
        rule = InboundRule.objects.create(agent=agent, name="all", match={"subject": {"contains": "x"}}, actions={})
    with connection.cursor() as cursor:  # deeper than can be read; the routes store none such
        deep = "[" * 3000 + "]" * 3000
        cursor.execute("UPDATE inbound_rules SET match = %s::jsonb WHERE id = %s", [deep, rule.id])
    with pytest.raises(RecursionError):  # the fault happens
        list(InboundRule.objects.all())
    deliver(mail(), robin.address)
    deliver(mail(), wren.address)
    assert work.run() == 2
    assert Message.objects.get(agent=robin.agent).status == Status.PROCESSED
    held = Message.objects.get(agent=wren.agent)
    assert (held.status, held.attempts) == (Status.QUARANTINED, 1)
    assert held.verdicts.get(step="rules").code == "crashed"
    assert "BrokenRule" in content_of(held).traceback
