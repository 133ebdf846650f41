"""Sending through a real relay while things break: nothing leaves twice, nobody is held up by another, quotas hold."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from typing import Any

import pytest

from tests.config.processes import fresh_home
from tests.e2e.system import REPOSITORY, System, eventually, running
from tests.relay import Relay, relay

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.timeout(240),
]
_SHIP = "import django; django.setup(); from outbound import work; work.run()"
_CALLS = """
import http.client, json, sys
port, key, first, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
door = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
said = []
for number in range(first, first + count):
    letters = [(97 + (number * 7 + n * n) % 26, 97 + (number + n) % 26) for n in range(60)]
    text = " ".join(f"{chr(one)}{chr(two)}word" for one, two in letters)
    body = json.dumps({"to": f"p{number}@ek.example", "subject": f"Mail {number}", "text": text})
    door.request("POST", "/send", body, {"Content-Type": "application/json", "Authorization": f"Bearer {key}"})
    answer = door.getresponse()
    answer.read()
    said.append(answer.status)
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Relay]:
    with relay() as started:
        yield started


@pytest.fixture(scope="module")
def system(server: Relay) -> Iterator[System]:
    transport = f"smtp://127.0.0.1:{server.port}?tls=off"
    with running(POSTBOX_TEST_SHORT_LEASES="on", POSTBOX_TRANSPORT=transport) as started:
        yield started


def agent(system: System, name: str) -> dict[str, str]:
    """A new agent: its id, address and key."""
    status, given = system.call("/alloc", {"agent_id": name}, key="owner_key")
    assert status == 201, given
    system.credentials[name] = given["agent_key"]
    return dict(given)


def send(system: System, number: int, key: str = "agent_key", **changes: object) -> str:
    """A mail unlike all others; gives its id."""
    body = {"to": f"p{number}@ek.example", "subject": f"Mail {number}", "text": text_of(number)} | changes
    status, answer = system.call("/send", body, key=key)
    assert status == 202, answer
    return str(answer["id"])


def text_of(number: int) -> str:
    """Other words for each number, so that no breaker takes them for the same."""
    words = (f"{chr(97 + (number * 7 + n * n) % 26)}{chr(97 + (number + n) % 26)}word" for n in range(60))
    return f"marker-{number}- " + " ".join(words)


def copies(server: Relay, number: int) -> int:
    return sum(f"marker-{number}-".encode() in mail.octets for mail in server.received)


def ship_once(system: System, crash_at: str) -> int:
    """A shipper of its own that is killed at a named point; gives how it ended."""
    published = json.loads((system.home.path / "environment.json").read_text())
    ours = ("POSTBOX_", "DJANGO_", "PYTEST_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    more = {"DJANGO_SETTINGS_MODULE": "postbox.config.settings", "POSTBOX_CRASH_AT": crash_at}
    environment = clean | published | more | {"POSTBOX_TEST_SHORT_LEASES": "on"}
    run = subprocess.run([sys.executable, "-c", _SHIP], env=environment, cwd=REPOSITORY, timeout=60, check=False)
    return run.returncode


def state_of(system: System, message_id: str) -> str:
    rows = system.query("SELECT state FROM outbound_messages WHERE message_id = %s", message_id)
    return str(rows[0][0])


def test_workers_killed_on_the_way_leave_no_second_copy(system: System, server: Relay) -> None:
    """Where each died, the mail, how many copies the relay had then, and what becomes of it."""
    cases = [
        ("outbound.begun", 102, 0, "unknown"),
        ("outbound.handed=marker-103-", 103, 1, "unknown"),
        ("outbound.recorded", 104, 1, "accepted"),
        ("outbound.claimed", 101, 0, "accepted"),
    ]
    ids = {}
    workers = system.signal("worker-rest", signal.SIGSTOP)
    try:
        for point, number, had_it, _ in cases:
            ids[number] = send(system, number)
            assert ship_once(system, point) == -signal.SIGKILL, f"the shipper was not killed at {point}"
            assert copies(server, number) == had_it, point
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    for point, number, _, after in cases:
        assert eventually(lambda one=ids[number], state=after: state_of(system, one) == state, 60), point  # type: ignore[misc]
    send(system, 150)
    assert eventually(lambda: copies(server, 150) == 1, 30)  # the worker is at it, and all else is due
    for point, number, had_it, after in cases:
        assert copies(server, number) == (1 if after == "accepted" else had_it), point
        assert state_of(system, ids[number]) == after, point


def test_a_killed_agent_holds_up_nobody_and_nobodys_count_but_its_own(system: System, server: Relay) -> None:
    names = [f"flow-{number}" for number in range(11)]
    for name in names:
        agent(system, name)
    wild, calm = names[0], names[1:]
    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(send, system, 1000 + 100 * n + m, name) for m in range(6) for n, name in enumerate(calm)]
        said = [system.call("/send", {"to": f"w{n}@ek.example", "text": "Buy it now"}, key=wild) for n in range(9)]
        for job in jobs:
            job.result()
    assert [status for status, _ in said] == [202] * 5 + [403] * 4
    assert said[4][1]["status"] == "held"
    states = dict(system.query("SELECT name, state FROM agents WHERE name LIKE 'flow-%%'"))
    assert Counter(states.values()) == {"killed": 1, "active": 10}

    def sent(name: str) -> int:
        return sum(f"From: {name}@".encode() in mail.octets for mail in server.received)

    assert eventually(lambda: [sent(name) for name in calm] == [6] * 10, 60)
    assert sent(wild) <= 4


def test_counters_survive_a_broker_that_forgets_everything(system: System) -> None:
    agent(system, "forgetful")
    same = {"to": "ann@ek.example", "text": "The very same words in every one of these mails."}
    for _ in range(4):
        assert system.call("/send", same, key="forgetful")[1]["status"] == "queued"
    system.broker().set("canary", "alive")
    system.broker().flushall()
    assert system.broker().get("canary") is None
    assert system.call("/send", same, key="forgetful")[1]["status"] == "held"
    assert system.call("/send", same, key="forgetful")[1]["code"] == "agent_killed"


def test_sixteen_processes_spend_a_quota_to_the_last_and_not_beyond(system: System) -> None:
    given = agent(system, "thrifty")
    quota = 50
    agent_id = system.query("SELECT id FROM agents WHERE name = 'thrifty'")[0][0]
    limit = """INSERT INTO send_quotas (scope, agent_id, "window", "limit", used)
               VALUES ('agent', %s, 'day', %s, 0) RETURNING id"""
    assert len(system.query(limit, agent_id, quota)) == 1
    port = system.url.rpartition(":")[2]
    called = [
        subprocess.Popen(
            [sys.executable, "-I", "-c", _CALLS, port, given["agent_key"], str(5000 + 100 * number), "6"],
            stdout=subprocess.PIPE,
        )
        for number in range(16)
    ]
    said = [status for one in called for status in json.loads(one.communicate(timeout=90)[0])]
    assert len(said) == 96
    assert set(said) <= {202, 402, 403}  # 403: paused at the end of its quota
    assert said.count(202) == quota
    taken = "SELECT count(*) FROM outbound_recipients JOIN outbound_messages USING (message_id) WHERE agent_id = %s"
    assert system.query(taken, agent_id) == [(quota,)]
    assert system.query("SELECT state FROM agents WHERE id = %s", agent_id) == [("paused",)]


_KEPT = {"from", "to", "subject", "date", "message-id", "in-reply-to", "content-type", "mime-version"}


def stripped(octets: bytes) -> bytes:
    """The mail without what says that it is automatic, or how often it went round."""
    mail: Any = message_from_bytes(octets)
    for name in list(mail.keys()):
        if name.lower() not in _KEPT:
            del mail[name]
    return bytes(mail.as_bytes())


def answer_all(system: System) -> None:
    """What a tireless agent does: each unread mail is answered, with other words each time."""
    for mail in system.call("/list", {"unread": True, "direction": "inbound"})[1]["messages"]:
        system.call("/mark_read", {"ids": [mail["id"]]})
        body = {"to": mail["from"], "subject": f"Re: {mail['subject']}", "text": text_of(time.monotonic_ns() % 9973)}
        system.call("/send", body | {"in_reply_to": mail["message_id"]})


def test_two_systems_wired_to_each_other_stop(system: System, server: Relay) -> None:
    transport = f"smtp://127.0.0.1:{server.port}?tls=off"
    with running(fresh_home, POSTBOX_DEFAULT_DOMAIN="two.localhost", POSTBOX_TRANSPORT=transport) as other:
        both = {one.credentials["address"]: one for one in (system, other)}
        assert len(both) == 2
        came: list[tuple[str, bytes]] = []
        first = len(server.received)
        start = {"to": other.credentials["address"], "subject": "Hi", "text": text_of(1)}
        assert system.call("/send", start)[0] == 202
        began = quiet = time.monotonic()
        still = 0  # looks since then: the machine may stand still for a part of these seconds
        while time.monotonic() - began < 90 and (time.monotonic() - quiet < 4 or still < 20):
            still += 1
            mails = [mail for mail in server.received[first:] if mail.rcpt_to[0] in both]
            for mail in mails[len(came) :]:
                came.append((mail.rcpt_to[0], mail.octets))
                assert both[mail.rcpt_to[0]].ingest(stripped(mail.octets), to=mail.rcpt_to[0])[0] == 202
                quiet, still = time.monotonic(), 0
            for one in both.values():
                answer_all(one)
            time.sleep(0.1)
        assert time.monotonic() - quiet >= 4, "they never came to rest"
        assert still >= 20
        assert 4 <= len(came) <= 12
        assert {to for to, _ in came} == set(both)
        assert not any(b"Auto-Submitted" in stripped(octets) for _, octets in came)
        held = [one.query("SELECT code FROM outbound_messages WHERE state = 'held'") for one in both.values()]
        assert {"ping_pong", "busy_thread"} & {row[0] for rows in held for row in rows}, "they stopped by themselves"
