"""A stand-in for a running Postbox, as far as its callers over HTTP can see: ``/ingest`` and ``/list``.

Keeps every mail, knows a duplicate by its bytes, answers what a script says first. For tests of programs that feed
Postbox; the door itself is tested against the real one.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

from postbox.lib.ids import uuid7

KEY = "pbx_bridge_test"
AGENT_KEY = "pbx_agent_test"
ADDRESS = "agent@agents.localhost"


@dataclass
class Taken:
    """One request to ``/ingest``."""

    sender: str
    recipient: str
    raw: bytes
    connection: tuple[str, int]


class Door:
    """Listens on loopback from construction on. ``script`` holds statuses to answer first; 0 hangs up unanswered."""

    def __init__(self, port: int = 0) -> None:
        self.taken: list[Taken] = []
        self.script: deque[tuple[int, dict[str, Any]]] = deque()
        self.quarantine = b"Quarantine-Me"
        self.pages_asked = 0
        self._ids: dict[bytes, UUID] = {}
        self._done: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        door = self

        class Handler(_Handler):
            owner = door

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def credentials(self) -> dict[str, str]:
        url = f"http://127.0.0.1:{self.port}"
        return {
            "url": url, "bridge_key": KEY, "address": ADDRESS, "agent_id": "agent", "agent_key": AGENT_KEY
        }  # fmt: skip

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def ingest(self, taken: Taken, key: str) -> tuple[int, dict[str, Any]]:
        with self._lock:
            if key != KEY:
                return 401, {"code": "unauthenticated", "message": "This key is unknown."}
            if self.script:
                status, answer = self.script.popleft()
                if status != 202:
                    return status, answer
            self.taken.append(taken)
            if taken.recipient.split("@")[1] != "agents.localhost":
                rejected = {"rcpt_to": taken.recipient, "code": "unknown_recipient", "message": "No such agent."}
                return 202, {"messages": [], "rejected": [rejected]}
            return 202, {"messages": [self._store(taken)], "rejected": []}

    def _store(self, taken: Taken) -> dict[str, Any]:
        digest = hashlib.sha256(taken.raw).digest()
        known = digest in self._ids
        id_ = str(self._ids.setdefault(digest, uuid7()))
        if not known:
            self._done.append({"id": id_, "quarantined": self.quarantine in taken.raw})
        return {"id": id_, "to": taken.recipient, "agent_id": "agent", "status": "received", "duplicate": known}

    def listing(self, query: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self.pages_asked += 1
            first, limit = int(query.get("page_token") or 0), query["limit"]
            newest_first = sorted(self._done, key=lambda row: str(row["id"]), reverse=True)
            page = newest_first[first : first + limit]
            more = first + limit < len(newest_first)
            return {"count": len(page), "messages": page, "next_page_token": str(first + limit) if more else None}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    owner: Door

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/list":
            return self._answer(200, self.owner.listing(json.loads(body)))
        taken = Taken(
            self.headers.get("x-postbox-mail-from", ""),
            self.headers.get("x-postbox-rcpt-to", ""),
            body,
            self.client_address,
        )
        status, answer = self.owner.ingest(taken, self.headers.get("x-agentpack-key", ""))
        return self._answer(status, answer)

    def _answer(self, status: int, answer: dict[str, Any]) -> None:
        if status == 0:
            self.close_connection = True
            return
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
