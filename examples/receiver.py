"""A webhook receiver to begin with: verifies each post and prints what came. Standard library only.

    WEBHOOK_SECRET=whsec_… python3 examples/receiver.py 9000

Keep the event, answer with 2xx, then work: Postbox sends again what was not answered within 15 seconds. The same event
may come more than once and in any order; ``webhook-id`` tells whether you have it. Here the ids are kept in memory;
keep yours beside the events, in one transaction with them.
"""

from __future__ import annotations

import base64
import binascii
import os
import sys
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from verify import InvalidWebhook, verify

MOST_SEEN = 10_000


def secret() -> str:
    """The endpoint's secret; ends the program when there is none."""
    given = os.environ.get("WEBHOOK_SECRET", "")
    try:
        key = base64.b64decode(given.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        sys.exit("Set WEBHOOK_SECRET to the secret that /webhook/register answered with (whsec_ and base64).")
    return given


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: OrderedDict[str, None] = OrderedDict()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            event = verify(SECRET, {name.lower(): value for name, value in self.headers.items()}, body)
        except InvalidWebhook as problem:
            self.answer(401)
            print(f"A post that was answered with 401: {problem}", flush=True)
            return
        if self.is_new(self.headers["webhook-id"]):
            show(event)
        self.answer(204)

    def is_new(self, event_id: str) -> bool:
        """Whether this event did not come before."""
        if event_id in self.seen:
            return False
        self.seen[event_id] = None
        if len(self.seen) > MOST_SEEN:
            self.seen.popitem(last=False)
        return True

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request; what came is printed."""


def show(event: dict[str, Any]) -> None:
    data = event["data"]
    lines = [f"{event['type']}  {data.get('from', '')}  {data.get('subject', '')!r}"]
    if "injection_score" in data:
        lines += [f"    score {data['injection_score']}  {data.get('text', '(no text: quarantined)')[:200]!r}"]
    sys.stdout.write("\n".join(lines) + "\n")  # in one piece: posts come many at a time
    sys.stdout.flush()


if __name__ == "__main__":
    SECRET = secret()
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    print(f"Waiting for webhooks at http://127.0.0.1:{port}/", flush=True)
    ThreadingHTTPServer(("127.0.0.1", port), Receiver).serve_forever()
