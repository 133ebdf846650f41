"""An answer that is read by itself says what http.client would have read in it."""

from __future__ import annotations

import re
import socket

import pytest

from postbox.lib import http1
from postbox.lib.http1 import BadAnswer, Connection, ConnectionLost, Deadline, Reply

OK = b"HTTP/1.1 200 OK\r\n"
TAKEN = [
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\nServer: x\r\nContent-Length: 0\r\n\r\n",
    OK + b"Content-Type: text/plain\r\ncontent-LENGTH:\t 2 \r\nConnection: Keep-Alive\r\n\r\nok",
    b"HTTP/1.1 202 \r\nContent-Length: 5\r\nX-Odd: a:b, \r\n\r\na\r\n\r\n",
]
LEFT = [
    OK + b"\r\nuntil the end",
    OK + b"Content-Length: 2\r\n\r\no",
    OK + b"Content-Length: 1\r\n\r\nok",
    OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    OK + b"Content-Length: 2\r\nConnection: close\r\n\r\nok",
    OK + b"Content-Length: +2\r\n\r\nok",
    OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    OK + b"Content-Length: 2\r\nRetry-After: 7\r\n\r\nok",
    OK + b"Content-Length: 2\r\n folded\r\n\r\nok",
    OK + b"Bad Name: x\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    b"nonsense",
    b"",
]


def read(answer: bytes) -> Reply | type[Exception]:
    """What an exchange makes of an answer after which the other side says nothing more."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(answer)
        theirs.shutdown(socket.SHUT_WR)
        try:
            return Connection(ours).exchange(b"", Deadline.sooner(Deadline(float("inf")), 5))
        except (BadAnswer, ConnectionLost) as error:
            return type(error)


@pytest.mark.parametrize("answer", TAKEN + LEFT)
def test_both_read_the_same(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (http1._plain(answer) is not None) == (answer in TAKEN)
    quick = read(answer)
    monkeypatch.setattr(http1, "_PLAIN_HEAD", re.compile(rb"(?!)"))
    assert read(answer) == quick


def test_a_head_of_nothing_but_blanks_costs_no_time() -> None:
    blanks = OK + b"Retry-After:" + b" " * 8000 + b"\x01\r\n\r\n"
    assert http1._plain(blanks) is None
    assert http1._plain(blanks.replace(b"\x01", b"")) is None
