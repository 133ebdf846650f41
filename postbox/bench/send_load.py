"""The load generator of sending: mails through ``POST /send`` over a few kept-open connections.

Decides that the connections' agents take turns, as one agent's mails are stored one after the other. Run as
``python -m postbox.bench.send_load``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from postbox.bench import letters
from postbox.bench.children import serve_task
from postbox.bench.load import Door, Load
from postbox.bench.mix import Mix


class SendDoor(Door):
    """One kept-open connection to ``/send`` with one agent's key."""

    def __init__(self, port: int, key: str) -> None:
        super().__init__(port, key, "")
        self._head = (
            f"POST /send HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {key}\r\nContent-Length: "
        ).encode()


class Letters(Mix):
    """What ``Load`` draws from: requests that were written before the time runs."""

    def mail(self, number: int) -> bytes:
        return self.mails[number % len(self.mails)]


class SendLoad(Load):
    """``answered`` holds [message id, request begun, answer complete]."""

    def _take(self, door: Door, status: int, body: bytes) -> None:
        answer = json.loads(body)
        if status == 202 and answer["status"] == "queued":
            self.answered.append((answer["id"], door.started, time.monotonic()))
        else:
            self.failures.append(f"mail {door.number}: status {status}: {body[:200].decode('utf-8', 'replace')}")


def prepare(task: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Open the connections; what is returned sends the mails."""
    doors: list[Door] = [SendDoor(task["port"], key) for key in task["keys"] for _ in range(task["each"])]
    mails = Letters("letters", tuple(letters.request(task["first"] + n) for n in range(task["count"])))
    return SendLoad(doors, mails, range(task["count"])).run


if __name__ == "__main__":
    serve_task(prepare)
