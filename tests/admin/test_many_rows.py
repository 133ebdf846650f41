"""The desk over many messages: how long its pages take. Runs with POSTBOX_TEST_DESK_ROWS=100000 (docs/desk.md).

Contents are sealed as in use: every tenth message has 40 kB of text, one in five hundred as much as a page opens.
"""

from __future__ import annotations

import os
import statistics
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.template.base import Template
from django.test import Client
from django.test.utils import _TestState
from django.urls import reverse

from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail.content import Content
from postbox.mail.keys import new_message_key, seal_part
from postbox.mail.opening import MOST_OCTETS
from tests.admin.operators import client_of, operator
from tests.people import known_agent

ROWS = int(os.environ.get("POSTBOX_TEST_DESK_ROWS", "0"))
AGENTS = 20
ASKED = 15
# CPU of ours and of PostgreSQL together, the median of ASKED: wall clock says how busy the machine is.
MOST_MS = 200

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not ROWS, reason="a measurement: set POSTBOX_TEST_DESK_ROWS=100000"),
]

_MESSAGE = """COPY messages (id, direction, status, agent_id, thread_id, mail_from, rcpt_to, header_from, helo, size,
    digest, received_at, not_before, attempts, quarantined, spf, dkim, dmarc, body_ref, injection_score) FROM STDIN"""
_CONTENT = "COPY message_contents (message_id, body) FROM STDIN"
_KEY = "COPY message_keys (message_id, wrapped) FROM STDIN"
_EVENT = "COPY events (id, kind, agent_id, message_id, created_at, body) FROM STDIN"
_AUDIT = "COPY audit_records (at, actor, action, subject, detail) FROM STDIN"
_ANALYZE = "ANALYZE messages, message_contents, message_keys, events, audit_records"


@pytest.fixture
def agents() -> list[uuid.UUID]:
    """Twenty agents, and their mail."""
    made = [known_agent(f"agent{number}").agent.pk for number in range(AGENTS)]
    rows = list(_rows(made))
    now = clock.now()
    with connection.cursor() as cursor:
        for sql, index in ((_MESSAGE, 0), (_CONTENT, 1), (_KEY, 2)):
            with cursor.copy(sql) as copy:
                for row in rows:
                    copy.write_row(row[index])
        with cursor.copy(_EVENT) as copy:
            for message, _, _ in rows:
                copy.write_row((uuid7(), "message.received", message[3], message[0], now, b"x"))
        with cursor.copy(_AUDIT) as copy:
            for message, _, _ in rows:
                copy.write_row((now, "user:1", "message.read", str(message[0]), "{}"))
        cursor.execute(_ANALYZE)
    return made


def _rows(agents: list[uuid.UUID]) -> Iterator[tuple[tuple[object, ...], ...]]:
    now, threads = clock.now(), [uuid.uuid4() for _ in range(max(ROWS // 40, 1))]
    for number in range(ROWS):
        agent, message_id = agents[number % AGENTS], uuid7()
        key, wrapped = new_message_key(message_id, agent)
        status = "quarantined" if number % 50 == 0 else "processed"
        sender = f"person{number % 977}@example.com"
        row = (
            message_id, "inbound", status, agent, threads[number % len(threads)], sender, "a@x.example", sender,
            "mx.example.com", 4_000, number.to_bytes(32, "big"), now, now, 0, status == "quarantined",
            "none", "none", "none", "", 0.9 if status == "quarantined" else 0.03,
        )  # fmt: skip
        content = Content(subject=f"Order {number}: the delivery on Thursday", from_=sender, text=_text(number))
        yield row, (message_id, seal_part(key, content.dump(), message_id, "content", agent)), (message_id, wrapped)


def _text(number: int) -> str:
    if number % 500 == 0:
        return "word " * (MOST_OCTETS // 5 - 200)
    return "word " * (8_000 if number % 10 == 0 else 400)


def _milliseconds(client: Client, url: str) -> tuple[float, float, float]:
    """Medians: wall clock, the CPU of this process, the CPU of its PostgreSQL backend."""
    took: list[tuple[float, float, float]] = []
    for number in range(ASKED + 2):
        before = (time.perf_counter(), time.process_time(), _backend_cpu())
        assert client.get(url).status_code == 200
        after = (time.perf_counter(), time.process_time(), _backend_cpu())
        if number >= 2:  # the first ones find templates and keys that later ones have at hand
            took.append((after[0] - before[0], after[1] - before[1], after[2] - before[2]))
    wall, own, _ = (statistics.median(column) * 1000 for column in zip(*took, strict=True))
    return wall, own, statistics.mean(row[2] for row in took) * 1000  # it is counted in steps of 10 ms


def _backend_cpu() -> float:
    """Seconds of CPU that the backend of this connection has had (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture
def plain_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Render as in use: under test each template tells every test client what it was given."""
    monkeypatch.setattr(Template, "_render", _TestState.saved_data.template_render)  # type: ignore[attr-defined]


def test_pages_stay_fast(agents: list[uuid.UUID], plain_templates: None) -> None:
    client = client_of(operator())
    messages = reverse("admin:mail_message_changelist")
    pages = {
        "messages": messages,
        "messages, page 400": f"{messages}?p=400",
        "quarantined": f"{messages}?status__exact=quarantined",
        "of one agent": f"{messages}?agent__id__exact={agents[3]}",
        "found by sender": f"{messages}?q=person7@example.com",
        "found by recipient": f"{messages}?q=agent3@agents.localhost",
        "conversations of an agent": reverse("admin:mail_message_threads", query={"agent": str(agents[3])}),
        "events": reverse("admin:events_event_changelist"),
        "audit": reverse("admin:audit_auditrecord_changelist"),
        "overview": reverse("admin:index"),
    }
    took = {name: _milliseconds(client, url) for name, url in pages.items()}
    print(f"\n{ROWS:,} messages; CPU is what a page takes on a machine with nothing else to do")
    for name, (wall, own, database) in took.items():
        print(f"| {name} | {own + database:.0f} | {own:.0f} | {database:.0f} | {wall:.0f} |")
    slow = {name: figures for name, figures in took.items() if figures[1] + figures[2] > MOST_MS}
    assert not slow
