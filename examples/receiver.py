"""A webhook receiver to begin with: verifies each post and prints what came. Standard library only.

    WEBHOOK_SECRET=whsec_… python examples/receiver.py 9000

Answer quickly with 2xx and work later: Postbox sends again what was not answered within 15 seconds. The same event may
come more than once and in any order; ``webhook-id`` tells whether you have seen it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_SECONDS = 300


def secret() -> bytes:
    """The octets of the endpoint's secret; ends the program when there is none."""
    try:
        key = base64.b64decode(os.environ.get("WEBHOOK_SECRET", "").removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    return key or sys.exit("Set WEBHOOK_SECRET to the secret that /webhook/register answered with (whsec_ and base64).")


KEY = secret()


def is_genuine(event_id: str, timestamp: str, signatures: str, body: bytes) -> bool:
    """Whether one of the signatures is ours (Standard Webhooks, version v1) and fresh."""
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    digest = hmac.digest(KEY, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256)
    expected = "v1," + base64.b64encode(digest).decode()
    return any(hmac.compare_digest(expected, given) for given in signatures.split())


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        genuine = is_genuine(*(self.headers.get(name, "") for name in names), body)
        self.send_response(204 if genuine else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if genuine:
            show(json.loads(body))
        else:
            print("A post whose signature is not ours: 401. Is WEBHOOK_SECRET this endpoint's secret?", flush=True)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request; what came is printed."""


def show(event: dict[str, object]) -> None:
    data = event["data"]
    assert isinstance(data, dict)
    lines = (
        f"{event['type']}  {data.get('from')}  {data.get('subject')!r}  score {data.get('injection_score')}\n"
        f"    {str(data.get('text', '(no text: quarantined)'))[:200]!r}\n"
    )
    sys.stdout.write(lines)  # in one piece: posts come many at a time
    sys.stdout.flush()


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    ThreadingHTTPServer(("127.0.0.1", port), Receiver).serve_forever()
