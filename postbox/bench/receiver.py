"""The benchmark's handle on its sink process (postbox.bench.sink)."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any, Self

from postbox.bench.children import Child

STALLED_AFTER = 40.0  # longer than a lease, so that what a lost worker held is waited for


class Receiver(Child):
    """A sink that listens on 127.0.0.1:``port``."""

    def __init__(self) -> None:
        super().__init__("postbox.bench.sink")
        self.port = int(self.hear())

    def __enter__(self) -> Self:
        return self

    def reset(self) -> None:
        """Forget what has arrived."""
        self._get("/reset")

    def counts(self) -> dict[str, Any]:
        """``count`` of different messages, ``posts``, and ``last``: when the latest came (monotonic seconds)."""
        counts: dict[str, Any] = json.loads(self._get("/count"))
        return counts

    def report(self) -> dict[str, Any]:
        """Everything noted since the last reset."""
        report: dict[str, Any] = json.loads(self._get("/report"))
        return report

    def until(self, count: int, stalled_after: float = STALLED_AFTER) -> bool:
        """Wait for so many different messages; False when none has come for ``stalled_after`` seconds."""
        before, since = -1, time.monotonic()
        while True:
            try:
                self._get(f"/until/{count}", timeout=min(10.0, stalled_after))
                return True
            except TimeoutError:
                now = int(self.counts()["count"])
                if now > before:
                    before, since = now, time.monotonic()
                elif time.monotonic() - since >= stalled_after:
                    return False

    def seen(self, message_id: str, timeout: float) -> bool:
        """Wait for this message; False when it does not come within ``timeout`` seconds."""
        try:
            self._get(f"/seen/{message_id}", timeout=timeout)
        except TimeoutError:
            return False
        return True

    def _get(self, path: str, timeout: float = 30.0) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()
