"""Clients that take for ever to send their request, against the real web server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from postbox.config.up.embedded import free_port
from tests.config.processes import wait_for
from tests.stalls import thrice

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="TCP_INFO tells this on Linux"),
    pytest.mark.timeout(180),
]
THREADS = 4
PROGRAM = """
import sys
from postbox.config.up import overdue, run
overdue.LIMITS = overdue.Limits(overdue=4.0, silent=1.5, idle=6.0, every=0.2)
sys.exit(run.run("web"))
"""
# It reads the body of whoever comes, since the signature is in it.
HEAD = (
    b"POST /inbound/mailgun HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n"
)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    chosen = free_port()
    environment = os.environ | {
        "PORT": str(chosen),
        "POSTBOX_WEB_WORKERS": "1",
        "POSTBOX_INBOUND_MAILGUN_KEY": "k" * 20,
    }
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment)
    try:
        assert wait_for(lambda: is_answered(chosen), 30)
        yield chosen
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        finally:
            process.kill()
            process.wait()


def is_answered(port: int, within: float = 1.0) -> bool:
    try:
        with connect(port, within) as asking:
            asking.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return asking.recv(12) == b"HTTP/1.1 200"
    except OSError:
        return False


def connect(port: int, within: float = 10.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=within)


def slow(port: int, more: bytes = b"") -> socket.socket:
    made = connect(port)
    made.sendall(HEAD + more + b"\r\n")
    return made


def drip(connection: socket.socket) -> None:
    for _ in range(150):
        time.sleep(0.1)
        connection.sendall(b"a")


def is_ended(connection: socket.socket) -> bool:
    """Whether the server hung up, whatever it said before."""
    try:
        while connection.recv(4096):
            continue
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


@pytest.mark.parametrize("more", [b"", b"Expect: 100-continue\r\n"])
@thrice
def test_clients_that_fall_silent_do_not_keep_the_threads(port: int, more: bytes) -> None:
    held = [slow(port, more) for _ in range(THREADS)]
    for one in held:
        one.sendall(b"a=") if not more else None
    time.sleep(0.3)
    assert not is_answered(port, 0.7), "no thread is left: the fault landed"
    assert wait_for(lambda: is_answered(port))
    assert all(is_ended(one) for one in held)


def test_a_client_that_drips_is_ended_too(port: int) -> None:
    began = time.monotonic()
    dripping = slow(port)
    with pytest.raises(OSError, match="reset|pipe"):
        drip(dripping)
    assert 3.5 < time.monotonic() - began < 8.5
    assert is_answered(port)


@thrice
def test_a_client_that_takes_its_time_is_answered(port: int) -> None:
    slowly = slow(port)
    for _ in range(20):
        time.sleep(0.1)
        slowly.sendall(b"a" * 5)
    assert slowly.recv(12) == b"HTTP/1.1 401"


def whole_answer(connection: socket.socket) -> bytes:
    """Head and body, which may come one after the other."""
    answer = b""
    while not answer.endswith(b"}") and (more := connection.recv(4096)):
        answer += more
    return answer


@thrice
def test_a_connection_that_is_kept_open_serves_again(port: int) -> None:
    kept = connect(port)
    for _ in range(3):
        kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert whole_answer(kept).startswith(b"HTTP/1.1 200")
        time.sleep(2.2)  # longer than a request may be silent
    began = time.monotonic()
    assert is_ended(kept)
    assert 2 < time.monotonic() - began < 9
