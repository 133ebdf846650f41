"""Handing one mail to ``POST /ingest`` and asking ``POST /list`` what became of it.

Decides what is tried again (a system that is away or busy) and for how long; never what a refusal means to the run.
"""

from __future__ import annotations

import json
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import urllib3

from postbox.config.replay.sources import Mail

PATIENCE = 20.0  # seconds that the system may be away before the run ends
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 5.0
_AGAIN = frozenset({429, 502, 503, 504})
_TIMEOUT = urllib3.Timeout(connect=5, read=60)


class Away(Exception):
    """The system did not answer, or said that it could not, for as long as we wait."""


class Denied(Exception):
    """The key is not taken: no other mail will be either."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the door said: rows stored (and whether all were there before), recipients it rejected, or a refusal."""

    stored: list[dict[str, Any]] = field(default_factory=list)
    duplicate: bool = False
    rejected: list[str] = field(default_factory=list)
    refused: str = ""


class Client:
    """Kept-open connections to one system, for any number of threads. ``stop`` ends the waiting of all."""

    def __init__(
        self, url: str, bridge_key: str, agent_key: str = "", connections: int = 4, patience: float = PATIENCE
    ) -> None:
        parts = urlsplit(url)
        kind = urllib3.HTTPSConnectionPool if parts.scheme == "https" else urllib3.HTTPConnectionPool
        self._pool = kind(parts.hostname or "", parts.port, maxsize=connections, block=True, timeout=_TIMEOUT)
        self._path = parts.path.rstrip("/")
        self._bridge_key = bridge_key
        self._agent_key = agent_key
        self._patience = patience
        self.stop = threading.Event()

    def send(self, mail: Mail, recipient: str) -> Answer:
        """Hand over a mail. Raises Away and Denied."""
        headers = {
            "content-type": "message/rfc822",
            "x-agentpack-key": self._bridge_key,
            "x-postbox-mail-from": mail.sender,
            "x-postbox-rcpt-to": recipient,
        }
        status, body, tries = self._post("/ingest", mail.raw, headers)
        if status == 202:
            return _stored(body, tries)
        reason = f"{body.get('code') or status}: {body.get('message') or 'no reason given'}"
        if status in (401, 403):
            raise Denied(reason)
        return Answer(refused=reason)

    def page(self, token: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """The agent's newest mails, quarantined ones too, and the token of the next page. Raises Away and Denied."""
        query = {"quarantined": True, "limit": 100} | ({"page_token": token} if token else {})
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._agent_key}"}
        status, body, _ = self._post("/list", json.dumps(query).encode(), headers)
        if status != 200:
            raise Denied(f"{body.get('code') or status}: {body.get('message') or 'no reason given'}")
        return body["messages"], body["next_page_token"]

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any], int]:
        """Status, JSON and how many tries it took. A mail that was cut off may be sent again: it is stored once."""
        until = time.monotonic() + self._patience
        tries, pause, reason = 0, _FIRST_PAUSE, ""
        while not self.stop.is_set():
            tries += 1
            try:
                answer = self._pool.urlopen(
                    "POST", self._path + path, body, headers, retries=False, redirect=False, preload_content=True
                )
            except urllib3.exceptions.HTTPError as error:
                reason, asked = f"{type(error).__name__}: {error}", 0.0
            else:
                if answer.status not in _AGAIN:
                    return answer.status, _json(answer.data), tries
                reason, asked = f"status {answer.status}", _seconds(answer.headers.get("retry-after"))
            rest = max(asked, pause * random.uniform(0.8, 1.2))  # noqa: S311 (jitter)
            if time.monotonic() + rest > until:
                break
            self.stop.wait(rest)
            pause = min(pause * 2, _LONGEST_PAUSE)
        raise Away(reason or "stopped")


def _stored(body: dict[str, Any], tries: int) -> Answer:
    stored = body.get("messages", [])
    rejected = [f"{item['code']}: {item['message']}" for item in body.get("rejected", [])]
    # After a cut-off try of our own, "duplicate" tells of that one.
    duplicate = bool(stored) and tries == 1 and all(row["duplicate"] for row in stored)
    return Answer(stored, duplicate, rejected)


def _json(octets: bytes) -> dict[str, Any]:
    try:
        body = json.loads(octets)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdigit() else 0.0
