"""Each hostile mail that was measured, posted to the running system: answered in a second, stored, quarantined."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from urllib.parse import urlsplit

import pytest

from postbox.bench.processes import cpu_seconds
from tests.e2e.system import System, eventually
from tests.ingest.hostile import LIMITS, MEASURED
from tests.people import mail

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.timeout(120),
]


@pytest.mark.parametrize("case", sorted(MEASURED))
def test_it_is_answered_stored_and_quarantined(system: System, case: str) -> None:
    raw, _ = MEASURED[case]
    workers = system.pids("worker-ingest")
    web = dict.fromkeys(system.pids("web"), "web")
    began = cpu_seconds(web)["web"]
    status, answer = system.ingest(raw)
    assert cpu_seconds(web)["web"] - began < 1
    assert status == 202
    id_ = answer["messages"][0]["id"]
    assert eventually(lambda: system.count(f"id = '{id_}' AND status <> 'received'"), 30)
    assert system.query("SELECT status FROM messages WHERE id = %s", id_) == [("quarantined",)]
    assert system.query("SELECT count(*) FROM mail_spool WHERE message_id = %s", id_) == [(1,)] or system.query(
        "SELECT body_ref <> '' FROM messages WHERE id = %s", id_
    ) == [(True,)]
    assert system.pids("worker-ingest") == workers, "a worker died of it"


def test_only_its_size_can_refuse_a_mail(system: System) -> None:
    raw, _ = LIMITS["message"]
    status, answer = system.ingest(raw)
    assert status == 413
    assert answer["code"] == "mail_too_large"


def test_a_mail_that_was_cut_off_on_its_way_is_not_stored(system: System) -> None:
    before = system.count()
    with begun(system, "/ingest", "message/rfc822", announced=5000) as connection:
        connection.sendall(mail()[:40])
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    assert b" 400 " in answer.split(b"\r\n")[0] or answer == b""
    status, taken = system.ingest(mail())
    assert status == 202
    assert eventually(lambda: system.count(f"id = '{taken['messages'][0]['id']}'") == 1, 30)
    assert system.count() == before + 1


def test_a_mail_without_its_length_is_refused_with_the_reason(system: System) -> None:
    with begun(system, "/ingest", "message/rfc822", announced=None) as connection:
        connection.sendall(b"5\r\nhello\r\n0\r\n\r\n")
        answer = connection.recv(65536)
        while not answer.endswith(b"}"):  # the body may come after the head
            answer += connection.recv(65536)
    assert b" 411 " in answer.split(b"\r\n")[0]
    assert b"length_required" in answer


def test_forms_that_are_sent_slowly_do_not_stop_mail(system: System) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(12):
            form = "application/x-www-form-urlencoded"
            slow = stack.enter_context(
                begun(system, "/admin/login/", form, announced=1000, cookie=f"csrftoken={'a' * 32}")
            )
            slow.sendall(b"us")
        time.sleep(0.5)
        began = time.monotonic()
        assert [system.ingest(mail())[0] for _ in range(4)] == [202] * 4
        assert time.monotonic() - began < 10


def begun(system: System, path: str, content_type: str, announced: int | None, cookie: str = "") -> socket.socket:
    """A POST whose header was sent and whose body is to follow."""
    address = urlsplit(system.url)
    connection = socket.create_connection((str(address.hostname), address.port or 80), timeout=30)
    length = "Transfer-Encoding: chunked" if announced is None else f"Content-Length: {announced}"
    lines = [f"POST {path} HTTP/1.1", f"Host: {address.netloc}", f"Content-Type: {content_type}", length]
    lines += [f"x-agentpack-key: {system.credentials['bridge_key']}", "x-postbox-mail-from: ann@example.org"]
    lines += [f"x-postbox-rcpt-to: {system.credentials['address']}", f"Cookie: {cookie}", "", ""]
    connection.sendall("\r\n".join(lines).encode())
    return connection


def test_the_system_is_up_after_all_of_them(system: System) -> None:
    status, answer = system.ingest(mail())
    assert status == 202
    id_ = answer["messages"][0]["id"]
    assert eventually(lambda: system.count(f"id = '{id_}' AND status = 'processed'"), 30)
