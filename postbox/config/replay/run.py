"""Sending all mails over several connections, and waiting until the pipeline is done with them.

Decides how far the threads run and what is counted as what. It never decides what is shown.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from postbox.config.replay.client import Answer, Away, Client, Denied
from postbox.config.replay.sources import Found, NotMail

STALLED_AFTER = 30.0  # seconds without any mail getting done


@dataclass
class Tally:
    """What became of the mails. Each is counted once in one of the first six; ``problems`` are (mail, reason).

    Rejected: its recipient is not known. Refused: the door did not want the mail. Failed: it could not be handed over.
    """

    accepted: int = 0
    duplicates: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    not_sent: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)
    processed: int = 0
    quarantined: int = 0
    waiting: set[str] = field(default_factory=set)
    seconds: float = 0.0
    ended_by: str = ""

    @property
    def answered(self) -> int:
        """Mails that the door has answered."""
        return self.accepted + self.duplicates + self.rejected.total() + self.refused.total()

    @property
    def done(self) -> int:
        """Mails that are behind us."""
        return self.answered + self.failed

    @property
    def good(self) -> bool:
        """Whether every mail was taken."""
        return self.done == self.accepted + self.duplicates and not self.not_sent


class Run:
    """One replay. ``agent`` is the agent whose mails can be asked for afterwards."""

    def __init__(self, client: Client, found: Sequence[Found], recipient: str, agent: str = "") -> None:
        self.tally = Tally()
        self._client = client
        self._recipient = recipient
        self._agent = agent
        self._total = len(found)
        self._left: Iterator[Found] = iter(found)
        self._lock = threading.Lock()

    def send(self, connections: int, watch: Callable[[Tally], None], every: float = 0.1) -> None:
        """Send everything; ``watch`` is called every few moments. A KeyboardInterrupt ends it in good order."""
        began = time.monotonic()
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(connections)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(every)
                    watch(self.tally)
        except KeyboardInterrupt:
            self._end("interrupted")
            for thread in threads:
                thread.join(5)
        self.tally.seconds = time.monotonic() - began
        self.tally.not_sent = self._total - self.tally.done

    def wait(self, watch: Callable[[Tally], None], stalled_after: float = STALLED_AFTER) -> None:
        """Ask until every accepted mail was seen with an outcome, or none has been for ``stalled_after`` seconds."""
        tally, moved, pause = self.tally, time.monotonic(), 0.1
        try:
            while tally.waiting and time.monotonic() - moved < stalled_after:
                before, began = len(tally.waiting), time.monotonic()
                self._look(thorough=began - moved > 2.0)
                watch(tally)
                if len(tally.waiting) < before:
                    moved = time.monotonic()
                # A look over many pages is work for the system too; it gets most of the time.
                pause = min(max(pause, 2 * (time.monotonic() - began)), 5.0)
                if tally.waiting:
                    time.sleep(pause)
        except (Away, Denied, KeyboardInterrupt):
            return

    def _look(self, thorough: bool) -> None:
        """Page through the newest mails, back to the oldest that is waited for. Unless ``thorough``, only once the
        newest is done: mails are taken in order.
        """
        waiting = self.tally.waiting
        oldest, newest, token = min(waiting), max(waiting), None
        while waiting:
            messages, token = self._client.page(token)
            ids = {row["id"] for row in messages}
            for row in messages:
                if row["id"] in waiting:
                    waiting.discard(row["id"])
                    self.tally.quarantined += row["quarantined"]
                    self.tally.processed += not row["quarantined"]
            if not token or min(ids) < oldest or (newest in waiting and not thorough):
                return

    def _work(self) -> None:
        while (found := self._next()) is not None:
            try:
                answer = self._client.send(found.read(), self._recipient)
            except (OSError, NotMail) as error:
                self._fail(found, str(error))
            except Denied as error:
                self._fail(found, str(error))
                self._end(f"the key was not taken ({error})")
            except Away as error:
                if not self._client.stop.is_set():
                    self._fail(found, str(error))
                    self._end(f"the system is away ({error})")
            else:
                self._count(found, answer)

    def _next(self) -> Found | None:
        with self._lock:
            return None if self._client.stop.is_set() else next(self._left, None)

    def _count(self, found: Found, answer: Answer) -> None:
        tally = self.tally
        with self._lock:
            if answer.refused:
                tally.refused[answer.refused] += 1
                tally.problems.append((str(found), answer.refused))
            elif answer.duplicate:
                tally.duplicates += 1
            elif answer.stored:
                tally.accepted += 1
            else:
                reason = next(iter(answer.rejected), "no recipient was taken")
                tally.rejected[reason] += 1
                tally.problems.append((str(found), reason))
            if not answer.duplicate:
                tally.waiting.update(row["id"] for row in answer.stored if row["agent_id"] == self._agent)

    def _fail(self, found: Found, reason: str) -> None:
        with self._lock:
            self.tally.failed += 1
            self.tally.problems.append((str(found), reason))

    def _end(self, reason: str) -> None:
        with self._lock:
            self.tally.ended_by = self.tally.ended_by or reason
        self._client.stop.set()
