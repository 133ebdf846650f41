"""Which claimed delivery is posted next in this process.

Decides turns and limits, so that no endpoint holds up another: endpoints take turns; each has a window of posts in
flight that widens while they go well; one that fails or lets us wait moves to the slow lane, which has a few slots of
its own, and its queue is given back; a post that hangs stops counting against the healthy as soon as it is slow. It
holds no lock and starts nothing (webhooks.engine does), and is handed the time of a monotonic clock, in seconds.
"""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass, field

from webhooks.claim import LEASE, PER_ENDPOINT, PER_SLOW_ENDPOINT
from webhooks.jobs import Job
from webhooks.outcomes import SLOW_AFTER

FAST_SLOTS = 32
# A quarter of the threads is for slow endpoints, and whatever hangs beyond that is bounded by MAX_FLIGHTS.
SLOW_SLOTS = 8
MAX_FLIGHTS = 128
MAX_HELD = 256
FIRST_WINDOW = 4
MAX_WINDOW = 16
# A quick endpoint needs no wide window, and narrow ones cost fewer threads.
_WIDEN_ABOVE = 0.01
# A claim that has waited so long is given back while its lease still holds.
_WAITS_AT_MOST = LEASE.total_seconds() / 3
_MAX_REMEMBERED = 5_000


@dataclass(slots=True)
class _Lane:
    slow: bool
    window: int = FIRST_WINDOW
    in_flight: int = 0
    queue: deque[Job] = field(default_factory=deque)

    @property
    def held(self) -> int:
        return self.in_flight + len(self.queue)

    @property
    def is_open(self) -> bool:
        return self.in_flight < (PER_SLOW_ENDPOINT if self.slow else self.window)


@dataclass(slots=True)
class _Flight:
    job: Job
    lane: _Lane
    started: float
    slow: bool


class Lanes:
    """The queues of one process. Give it jobs by ``add``, take them by ``start``, end them by ``finish``."""

    def __init__(self, fast_slots: int = FAST_SLOTS, slow_slots: int = SLOW_SLOTS) -> None:
        self._fast_slots, self._slow_slots = fast_slots, slow_slots
        self._lanes: dict[uuid.UUID, _Lane] = {}
        self._turns: deque[_Lane] = deque()
        self._flights: dict[int, _Flight] = {}
        self._fast = self._slow = self._queued = self._queued_slow = 0
        self._returned: list[Job] = []

    @property
    def in_flight(self) -> int:
        return len(self._flights)

    @property
    def held(self) -> int:
        """Everything that is neither finished nor given back."""
        return len(self._flights) + self._queued

    def add(self, job: Job) -> None:
        """Queue a claimed delivery in its endpoint's lane."""
        lane = self._lane(job)
        if job.claimed.id in self._flights or (lane.slow and lane.held >= PER_SLOW_ENDPOINT):
            self._returned.append(job)
            return
        if not lane.queue:
            self._turns.append(lane)
        lane.queue.append(job)
        self._count_queued(lane, 1)

    def start(self, now: float) -> Job | None:
        """The next job to post, which is in flight from now on; None while nothing may start."""
        for _ in range(len(self._turns)):
            lane = self._turns.popleft()
            if lane.is_open and self._has_slot(lane):
                return self._take_off(lane, now)
            self._turns.append(lane)
        return None

    def finish(self, job: Job, *, good: bool, seconds: float) -> None:
        """A post has ended; ``good`` when it was answered with 2xx."""
        flight = self._flights.pop(job.claimed.id)
        lane = flight.lane
        lane.in_flight -= 1
        self._count_flight(flight.slow, -1)
        if not good or seconds > SLOW_AFTER:
            self._make_slow(lane)
        elif lane.slow:
            self._make_fast(lane)
        elif seconds > _WIDEN_ABOVE:
            lane.window = min(lane.window + 1, MAX_WINDOW)

    def look(self, now: float) -> None:
        """Find what hangs and what has waited for too long; call it a few times a second while anything is held."""
        for flight in self._flights.values():
            if not flight.slow and now - flight.started > SLOW_AFTER:
                flight.slow = True
                self._count_flight(False, -1)
                self._count_flight(True, 1)
                self._make_slow(flight.lane)
        for lane in list(self._turns):
            if lane.queue and now - lane.queue[0].claimed_at > _WAITS_AT_MOST:
                self._give_back(lane)

    def give_back_all(self) -> None:
        """Give back all that waits."""
        for lane in list(self._turns):
            self._give_back(lane)

    @property
    def has_returned(self) -> bool:
        """Whether something was given back that ``take_returned`` has not been asked for."""
        return bool(self._returned)

    def take_returned(self) -> list[Job]:
        """What was given back since the last time: never started, its claim to be released."""
        returned, self._returned = self._returned, []
        return returned

    def room(self) -> int:
        """How many more deliveries of healthy endpoints may be claimed."""
        if self.in_flight >= MAX_FLIGHTS:
            return 0
        return max(0, MAX_HELD - self._queued - self._fast)

    def slow_room(self) -> int:
        """How many more deliveries of slow endpoints may be claimed."""
        return max(0, self._slow_slots - self._slow - self._queued_slow)

    def rooms(self) -> dict[uuid.UUID, int]:
        """How many more may be claimed of each endpoint that has some here."""
        return {
            id_: max(0, (PER_SLOW_ENDPOINT if lane.slow else PER_ENDPOINT) - lane.held)
            for id_, lane in self._lanes.items()
            if lane.held
        }

    def _lane(self, job: Job) -> _Lane:
        lane = self._lanes.get(job.claimed.endpoint_id)
        if lane is None:
            if len(self._lanes) >= _MAX_REMEMBERED:
                self._lanes = {id_: lane for id_, lane in self._lanes.items() if lane.held}
            lane = self._lanes[job.claimed.endpoint_id] = _Lane(job.claimed.slow)
        elif not lane.held:  # with something in hand this process knows better than the row that was claimed
            lane.slow = job.claimed.slow
        return lane

    def _has_slot(self, lane: _Lane) -> bool:
        if len(self._flights) >= MAX_FLIGHTS:
            return False
        return self._slow < self._slow_slots if lane.slow else self._fast < self._fast_slots

    def _take_off(self, lane: _Lane, now: float) -> Job:
        job = lane.queue.popleft()
        self._count_queued(lane, -1)
        if lane.queue:
            self._turns.append(lane)
        lane.in_flight += 1
        self._flights[job.claimed.id] = _Flight(job, lane, now, lane.slow)
        self._count_flight(lane.slow, 1)
        return job

    def _make_slow(self, lane: _Lane) -> None:
        lane.window = FIRST_WINDOW
        if not lane.slow:
            self._give_back(lane)
            lane.slow = True

    def _make_fast(self, lane: _Lane) -> None:
        self._queued_slow -= len(lane.queue)
        lane.slow = False

    def _give_back(self, lane: _Lane) -> None:
        if lane.queue:
            self._count_queued(lane, -len(lane.queue))
            self._returned += lane.queue
            lane.queue.clear()
            self._turns.remove(lane)

    def _count_queued(self, lane: _Lane, by: int) -> None:
        self._queued += by
        self._queued_slow += by if lane.slow else 0

    def _count_flight(self, slow: bool, by: int) -> None:
        if slow:
            self._slow += by
        else:
            self._fast += by
