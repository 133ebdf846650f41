"""The load generator at the LMTP door: the real one, and one that drops connections and refuses."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from postbox.bench import mix
from postbox.bench.children import Child
from postbox.bench.doors import LmtpDoor
from postbox.mail.models import Message
from postbox.mail.raw import raw_of
from tests.ingest.lmtp.door import running
from tests.people import known_agent


def load(port: int, address: str, count: int = 40) -> dict[str, Any]:
    with Child("postbox.bench.load") as child:
        task = {"door": "lmtp", "lmtp_port": port, "port": 1, "key": "", "address": address}
        child.prepare(task | {"connections": 3, "first": 10, "count": count})
        child.tell("go")
        return child.result()


@pytest.mark.django_db(transaction=True)
def test_every_mail_is_stored_once_with_its_dots() -> None:
    robin = known_agent()
    with running() as door:
        result = load(door.port, robin.address)
        assert (len(result["answered"]), result["failed"], result["retries"]) == (40, 0, 0)
        assert {str(row.id) for row in Message.objects.all()} == {row[0] for row in result["answered"]}
        dotted = b"Subject: dots\n\n.\n..\na\rb"
        client = LmtpDoor(door.port, robin.address)
        client.send(1, dotted)
        row = Message.objects.get(pk=client.answer().ids[0])
        assert raw_of(row.id, row.agent_id) == b"Subject: dots\r\n\r\n.\r\n..\r\na\r\nb\r\n"


@pytest.mark.django_db(transaction=True)
def test_a_refused_recipient_fails_and_the_connection_serves_on() -> None:
    robin = known_agent()
    with running() as door:
        result = load(door.port, "nobody@agents.localhost", 5)
        assert (result["answered"], result["failed"]) == ([], 5)
        assert "550 5.1.1" in result["failures"][0]
        client = LmtpDoor(door.port, "nobody@agents.localhost")
        client.send(1, mix.generated(1).mail(1))
        assert not client.answer().ids
        client._envelope = client._envelope.replace(b"nobody@agents.localhost", robin.address.encode())
        client.send(2, mix.generated(1).mail(2))
        assert len(client.answer().ids) == 1


class Fickle:
    """An LMTP server whose answers to DATA are scripted: a reply, or nothing and the end of the connection."""

    def __init__(self, *script: bytes) -> None:
        self.script = list(script)
        self.taken = 0
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb", 0) as file:
            file.write(b"220 fickle\r\n")
            while line := file.readline():
                if line.startswith(b"DATA"):
                    file.write(b"354 go on\r\n")
                    while file.readline() not in (b".\r\n", b""):
                        continue
                    if not (reply := self._next()):
                        return
                    file.write(reply + b"\r\n")
                else:
                    file.write(b"250 2.0.0 OK\r\n")

    def _next(self) -> bytes:
        with self._lock:
            if self.script:
                return self.script.pop()
            self.taken += 1
            return b"250 2.1.5 Stored as %d" % self.taken

    def stop(self) -> None:
        self._listening.close()


def test_what_passes_is_tried_again_and_what_stays_is_a_failure() -> None:
    server = Fickle(b"451 4.3.0 Later", b"", b"550 5.6.0 No")
    try:
        result = load(server.port, "a@b.example")
    finally:
        server.stop()
    assert not server.script, "every fault was met"
    assert server.taken == len({row[0] for row in result["answered"]}) == 39
    assert (result["retries"], result["failed"]) == (2, 1)
    assert "550 5.6.0" in result["failures"][0]
