"""Calling the API as an agent, an owner or a bridge does: over HTTP, with a key."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client


@dataclass(frozen=True)
class Answer:
    """A status, the JSON of the body, and the headers."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def wrong(self) -> dict[str, str]:
        """Of an error: the message for each path that it names."""
        return {item["path"]: item["message"] for item in self.body["errors"]}


ERROR = {"code", "message", "fix", "request_id", "errors"}


def call(path: str, body: Any, key: str = "", *, bridge: str = "") -> Answer:
    """POST ``body`` as JSON; with ``key`` as a bearer, or ``bridge`` as an MTA's key."""
    return send(path, json.dumps(body).encode(), "application/json", key, bridge=bridge)


def send(path: str, body: bytes, content_type: str, key: str = "", *, bridge: str = "", **headers: str) -> Answer:
    """POST these very octets. ``headers`` as WSGI names them."""
    shown: dict[str, Any] = {"CONTENT_TYPE": content_type, **headers}  # Django leaves it out for an empty body
    if key:
        shown["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    if bridge:
        shown["HTTP_X_AGENTPACK_KEY"] = bridge
    response = Client().generic("POST", path, body, content_type=content_type, **shown)
    return Answer(response.status_code, json.loads(response.content or b"null"), dict(response.headers))
