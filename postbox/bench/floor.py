"""The floor: the same work as a bare loop, with nothing of Postbox in it.

Decides what the least honest amount of work a mail is (design, section 7): parse it by flanker, parse its body by
lxml, encrypt it (AES-256-GCM), store it by one durable INSERT of its own, sign it (HMAC-SHA256) and POST it over a
kept-open connection. Two processes share the mails. Run as ``python -m postbox.bench.floor``.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import lxml.html
import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from postbox.bench import mix, processes
from postbox.bench.children import Child, serve_task
from postbox.bench.receiver import Receiver

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from flanker import mime

PROCESSES = 2
SCHEMA = "postbox_bench"
_TABLE = f"{SCHEMA}.floor"
_INSERT = f"INSERT INTO {_TABLE} (id, body) VALUES (%s, %s)"  # noqa: S608
_TEXT_CHARACTERS = 256 * 1024


def run(receiver: Receiver, database_url: str, count: int, first: int, others: Mapping[int, str]) -> dict[str, Any]:
    """Put ``count`` mails through the floor. Time runs from the start to the last POST received.

    ``others`` are processes by kind whose cores are counted beside those of the floor itself.
    """
    receiver.reset()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        connection.execute(f"CREATE TABLE IF NOT EXISTS {_TABLE} (id uuid PRIMARY KEY, body bytea NOT NULL)")
        try:
            return _run(receiver, database_url, count, first, others)
        finally:
            connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


def _run(receiver: Receiver, database_url: str, count: int, first: int, others: Mapping[int, str]) -> dict[str, Any]:
    task = {"database_url": database_url, "port": receiver.port, "end": first + count}
    with Child(__name__) as left, Child(__name__) as right:
        loops = (left, right)
        for number, loop in enumerate(loops):
            loop.prepare(task | {"first": first + number})
        kinds = dict(others) | {receiver.pid: "sink", left.pid: "floor", right.pid: "floor"}
        before, started = processes.cpu_seconds(kinds), time.monotonic()
        for loop in loops:
            loop.tell("go")
        results = [loop.result() for loop in loops]
        after = processes.cpu_seconds(kinds)
    counts = receiver.counts()
    if counts["count"] != count:
        raise RuntimeError(f"the floor posted {count} mails and {counts['count']} arrived")
    seconds = counts["last"] - started
    return {
        "mails_per_second": round(count / seconds, 1),
        "unparsed": sum(result["unparsed"] for result in results),
        "core_ms": processes.core_ms(before, after, count),
    }


def prepare(task: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Connect to everything; what is returned does the mails of this process."""
    mails = mix.load()
    loop = Loop(psycopg.connect(task["database_url"], autocommit=True), task["port"])
    return lambda: loop.run(mails.mail(number) for number in range(task["first"], task["end"], PROCESSES))


class Loop:
    """One process of the floor."""

    def __init__(self, database: psycopg.Connection, port: int) -> None:
        self._database = database
        self._cursor = database.cursor(binary=True)
        self._sink = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._sink.connect()
        self._cipher = AESGCM(os.urandom(32))
        self._secret = os.urandom(32)
        self._unparsed = 0

    def run(self, mails: Iterator[bytes]) -> dict[str, Any]:
        """Each mail from its bytes to its POST, one after the other."""
        for raw in mails:
            self._handle(raw)
        return {"unparsed": self._unparsed}

    def _handle(self, raw: bytes) -> None:
        id_ = uuid.uuid4()
        text = self._text(raw)
        nonce = os.urandom(12)
        self._cursor.execute(_INSERT, (id_, nonce + self._cipher.encrypt(nonce, raw, id_.bytes)))
        body = json.dumps({"type": "message.received", "data": {"id": str(id_), "text": text}}).encode()
        moment = str(int(time.time()))
        signature = hmac.digest(self._secret, f"{id_}.{moment}.".encode() + body, hashlib.sha256).hex()
        headers = {"content-type": "application/json", "webhook-id": str(id_), "webhook-signature": signature}
        self._sink.request("POST", "/floor", body, headers)
        answer = self._sink.getresponse()
        answer.read()
        if answer.status != 204:
            raise RuntimeError(f"the sink answered {answer.status}")

    def _text(self, raw: bytes) -> str:
        try:
            part = mime.from_string(raw)
            bodies = [leaf.body for leaf in part.walk(with_self=True) if leaf.content_type.main == "text"]
        except Exception:  # whatever flanker raises: the mail is counted, and the rest of the work is done
            self._unparsed += 1
            bodies = [raw.decode("latin-1")]
        return "\n".join(_visible(body) for body in bodies)[:_TEXT_CHARACTERS]


def _visible(body: Any) -> str:
    text = body if isinstance(body, str) else (body or b"").decode("latin-1")
    if not text.strip():
        return ""
    try:
        return str(lxml.html.document_fromstring(text.encode("utf-8", "replace")).xpath("string()"))
    except (ValueError, lxml.etree.ParserError):  # nothing but comments or controls
        return ""


if __name__ == "__main__":
    serve_task(prepare)
