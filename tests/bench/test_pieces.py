"""The benchmark's own processes, each against what it talks to in a run."""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.bench import floor, mix, phases, stages
from postbox.bench.children import Child, ChildFailed
from postbox.bench.doors import answer_body
from postbox.bench.receiver import Receiver
from postbox.bench.sink import subject
from postbox.bench.system import SystemFailed, environment
from postbox.ingest.pipeline import STEPS
from tests.door import ADDRESS, KEY, Door


@pytest.fixture
def sink() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def post(connection: http.client.HTTPConnection, message_id: str, headers: dict[str, str] | None = None) -> int:
    body = json.dumps({"type": "message.received", "id": "evt_1", "data": {"id": message_id}})
    connection.request("POST", "/hook", body, headers or {})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_the_mix_is_the_same_in_every_run_and_never_the_same_mail_twice() -> None:
    first, second = mix.generated(50), mix.generated(50)
    assert first == second
    assert len({first.mail(number) for number in range(500)}) == 500
    assert b"text/html" in b"".join(first.mails)


def test_the_mix_falls_back_to_our_own_where_there_is_no_corpus(tmp_path: Path) -> None:
    assert mix.load(tmp_path / "none").name == mix.GENERATED
    (tmp_path / "1.eml").write_bytes(b"From x Thu Jan  1 00:00:00 2026\nSubject: x\n\n")
    assert mix.load(tmp_path).mails == (b"Subject: x\n\n",)


def test_the_sink_counts_messages_once_and_posts_always(sink: Receiver) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", sink.port)
    for message_id in ("a", "b", "a"):
        assert post(connection, message_id) == 204
    connection.request("POST", "/hook", '{"type": "ping", "data": {}}')
    connection.getresponse().read()
    counts = sink.counts()
    assert (counts["count"], counts["posts"]) == (2, 3)
    assert set(sink.report()["received"]) == {"a", "b"}
    assert sink.until(2)
    assert not sink.until(3, stalled_after=0.3)
    assert sink.seen("a", 15)
    assert not sink.seen("c", 0.2)
    threading.Timer(0.2, post, (http.client.HTTPConnection("127.0.0.1", sink.port), "c")).start()
    assert sink.seen("c", 30)
    sink.reset()
    assert sink.counts()["count"] == 0


@pytest.mark.parametrize(
    ("body", "message_id"),
    [
        (b'{"type":"x","data":{"id":"m1","text":"\\"data\\":{\\"id\\":\\"no\\"}"}}', "m1"),
        (b'{"data": {"text": "t", "id": "m2"}}', "m2"),
        (b'{"data": {}}', ""),
        (b"no json", ""),
    ],
)
def test_the_sink_finds_the_message_of_an_event(body: bytes, message_id: str) -> None:
    assert subject(body) == message_id


def test_signatures_are_checked(sink: Receiver) -> None:
    key = os.urandom(24)
    secret = "whsec_" + base64.b64encode(key).decode()
    body = json.dumps({"type": "message.received", "id": "evt_1", "data": {"id": "m"}}).encode()
    right = base64.b64encode(hmac.digest(key, b"evt_1.1700000000." + body, "sha256")).decode()
    headers = {"webhook-id": "evt_1", "webhook-timestamp": "1700000000", "webhook-signature": f"v1,old v1,{right}"}
    assert post(http.client.HTTPConnection("127.0.0.1", sink.port), "m", headers) == 204
    samples = sink.report()["samples"]
    assert phases.verified(secret, samples) == 1
    samples[0]["body"] = base64.b64encode(body + b" ").decode()
    with pytest.raises(SystemFailed, match="signature of evt_1"):
        phases.verified(secret, samples)


def test_the_load_sends_every_mail_once_whatever_the_door_does() -> None:
    door = Door()
    door.script.extend([(202, {}), (503, {}), (0, {}), (429, {}), (400, {"code": "bad", "message": "no"})])
    try:
        with Child("postbox.bench.load") as load:
            task = {"port": door.port, "key": KEY, "address": ADDRESS, "connections": 3, "first": 10, "count": 40}
            load.prepare(task)
            load.tell("go")
            result = load.result()
    finally:
        door.stop()
    assert not door.script, "every fault was met"
    assert len(door.taken) == 39
    assert len({taken.connection for taken in door.taken}) <= 4
    assert len({row[0] for row in result["answered"]}) == 39
    assert all(row[1] < row[2] for row in result["answered"])
    assert result["retries"] == 3
    assert result["failed"] == 1
    assert "status 400" in result["failures"][0]


def test_the_floor_does_all_of_its_work(sink: Receiver, stores: None) -> None:
    figures = floor.run(sink, os.environ["DATABASE_URL"], 61, 0, {})
    assert figures["mails_per_second"] > 1
    assert figures["unparsed"] == 0
    assert sink.counts()["posts"] == 61


def test_the_stages_are_measured_over_the_same_steps_as_the_worker_takes() -> None:
    found = stages.measure(mix.generated(20), range(20))
    parts = [found[name] for name in (*(step.name for step in STEPS), "threads", "seal")]
    assert all(part >= 0 for part in parts)  # a step that has nothing to do is rounded to nothing
    assert all(found[name] > 0 for name in ("parse", "authenticate", "distil", "score", "dlp", "threads", "seal"))
    assert sum(parts) == pytest.approx(found["all"], abs=0.01)


def test_a_child_that_dies_is_an_error_and_not_a_wait() -> None:
    with Child("postbox.bench.load") as load, pytest.raises(ChildFailed, match="ended early"):
        load.prepare({"port": 1, "key": "", "address": "", "connections": 1, "first": 0, "count": 1})


def test_another_systems_addresses_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://production/")
    monkeypatch.setenv("POSTBOX_HOME", "/somewhere")
    assert not {"DATABASE_URL", "BROKER_URL", "POSTBOX_HOME", "POSTBOX_MASTER_KEYS"} & environment().keys()
    assert "PATH" in environment()


@given(st.binary(max_size=60), st.lists(st.integers(1, 9), max_size=9), st.integers(0, 200))
def test_answers_are_read_whole_however_they_are_framed(body: bytes, cuts: list[int], cut_off: int) -> None:
    chunks, at = b"", 0
    for size in [*cuts, len(body)]:
        if piece := body[at : at + size]:
            chunks += b"%x\r\n%b\r\n" % (len(piece), piece)
        at += size
    for head, framed in (
        (b"http/1.1 202 accepted\r\ntransfer-encoding: chunked", chunks + b"0\r\n\r\n"),
        (b"http/1.1 202 accepted\r\ncontent-length: %d" % len(body), body),
    ):
        assert answer_body(head, framed) == body
        assert cut_off >= len(framed) or answer_body(head, framed[:cut_off]) is None
