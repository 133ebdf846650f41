"""The load generator of sending: mails through ``POST /send`` over a few kept-open connections.

Decides that the connections belong to several agents, as one agent's mails are stored one after the other. Run as
``python -m postbox.bench.send_load``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from postbox.bench import letters
from postbox.bench.children import serve_task
from postbox.bench.doors import Answer, Door, answer_body
from postbox.bench.load import Load
from postbox.bench.mix import Mix


class SendDoor(Door):
    """``POST /send`` with one agent's key."""

    def __init__(self, port: int, key: str) -> None:
        super().__init__(port)
        self._head = (
            f"POST /send HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {key}\r\nContent-Length: "
        ).encode()

    def _send(self, mail: bytes) -> None:
        self.socket.sendall(b"%b%d\r\n\r\n%b" % (self._head, len(mail), mail))

    def _answer(self) -> Answer | None:
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        body = answer_body(head.lower(), rest) if separator else None
        if body is None:
            return None
        self._buffer = b""
        status = int(head[9:12])
        if status == 202 and (answer := json.loads(body))["status"] == "queued":
            return Answer((answer["id"],))
        return Answer((), status == 503, f"status {status}: {body[:200].decode('utf-8', 'replace')}")


class Letters(Mix):
    """What ``Load`` draws from: requests that were written before the time runs."""

    def mail(self, number: int) -> bytes:
        return self.mails[number]


def prepare(task: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Open the connections; what is returned sends the mails."""
    doors: list[Door] = [SendDoor(task["port"], key) for key in task["keys"] for _ in range(task["each"])]
    mails = Letters("letters", tuple(letters.request(task["first"] + n) for n in range(task["count"])))
    return Load(doors, mails, range(task["count"])).run


if __name__ == "__main__":
    serve_task(prepare)
