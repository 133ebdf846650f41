"""The turns and limits alone: whatever happens in whatever order, no rule is broken and nothing is lost."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from webhooks.claim import PER_SLOW_ENDPOINT, Claimed
from webhooks.jobs import Job
from webhooks.lanes import FIRST_WINDOW, MAX_WINDOW, Lanes
from webhooks.outcomes import SLOW_AFTER

ENDPOINTS = [uuid.UUID(int=number) for number in range(1, 6)]
FAST, SLOW = 6, 2


def job(number: int, endpoint: uuid.UUID, *, slow: bool = False, at: float = 0.0) -> Job:
    nobody = uuid.UUID(int=0)
    claimed = Claimed(number, endpoint, nobody, "", 1, slow, False, number, 1, nobody, nobody, None, b"", None)
    return Job(claimed, b"", [], at)


class LanesMachine(RuleBasedStateMachine):
    """Jobs are added, started, ended and given back; time passes. `known` holds where each job is."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes = Lanes(FAST, SLOW)
        self.now = 0.0
        self.number = 0
        self.waiting: dict[int, Job] = {}
        self.flying: dict[int, tuple[Job, float]] = {}
        self.ended = 0
        self.returned = 0

    @rule(endpoint=st.sampled_from(ENDPOINTS), slow=st.booleans(), count=st.integers(1, 8))
    def add(self, endpoint: uuid.UUID, slow: bool, count: int) -> None:
        for _ in range(count):
            self.number += 1
            self.waiting[self.number] = job(self.number, endpoint, slow=slow, at=self.now)
            self.lanes.add(self.waiting[self.number])

    @rule()
    def start_all(self) -> None:
        while started := self.lanes.start(self.now):
            del self.waiting[started.claimed.id]
            self.flying[started.claimed.id] = (started, self.now)

    @precondition(lambda self: self.flying)
    @rule(good=st.booleans(), data=st.data())
    def finish(self, good: bool, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.flying)))
        ended, since = self.flying.pop(number)
        self.lanes.finish(ended, good=good, seconds=self.now - since)
        self.ended += 1

    @rule(seconds=st.floats(0.01, 4))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def look(self) -> None:
        self.lanes.look(self.now)

    @rule()
    def take_returned(self) -> None:
        for given in self.lanes.take_returned():
            del self.waiting[given.claimed.id]
            self.returned += 1

    @invariant()
    def nothing_is_lost(self) -> None:
        assert len(self.waiting) + len(self.flying) + self.ended + self.returned == self.number
        assert self.lanes.in_flight == len(self.flying)

    @invariant()
    def no_endpoint_has_more_than_its_window(self) -> None:
        for endpoint in ENDPOINTS:
            flying = [item for item, _ in self.flying.values() if item.claimed.endpoint_id == endpoint]
            assert len(flying) <= MAX_WINDOW

    @invariant()
    def slots_are_kept(self) -> None:
        assert self.lanes._fast <= FAST
        assert self.lanes._fast + self.lanes._slow == len(self.flying)
        assert 0 <= self.lanes._queued_slow <= self.lanes._queued

    @invariant()
    def rooms_are_never_negative(self) -> None:
        assert self.lanes.room() >= 0
        assert self.lanes.slow_room() >= 0
        assert all(room >= 0 for room in self.lanes.rooms().values())

    def teardown(self) -> None:
        """When all that flies has ended well, all that still waits can be started."""
        for _ in range(self.number + 1):
            self.take_returned()
            self.start_all()
            for number in sorted(self.flying):
                ended, _ = self.flying.pop(number)
                self.lanes.finish(ended, good=True, seconds=0.001)
                self.ended += 1
            if not self.waiting:
                break
        self.take_returned()
        assert not self.waiting
        assert (self.lanes.held, self.lanes.room(), self.lanes.slow_room()) == (0, 256, SLOW)


TestLanes = LanesMachine.TestCase
TestLanes.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_endpoints_take_turns() -> None:
    lanes = Lanes()
    for number in range(12):
        lanes.add(job(number, ENDPOINTS[0]))
    lanes.add(job(100, ENDPOINTS[1]))
    lanes.add(job(200, ENDPOINTS[2]))
    started = [lanes.start(0.0) for _ in range(3)]
    assert [item.claimed.id for item in started if item] == [0, 100, 200]


def test_a_window_widens_while_answers_take_their_time() -> None:
    lanes = Lanes()
    for number in range(60):
        lanes.add(job(number, ENDPOINTS[0]))
    flying = [started for _ in range(60) if (started := lanes.start(0.0))]
    assert len(flying) == FIRST_WINDOW
    for _ in range(20):
        lanes.finish(flying.pop(), good=True, seconds=0.2)
        while started := lanes.start(0.0):
            flying.append(started)
    assert len(flying) == MAX_WINDOW


@pytest.mark.parametrize(("good", "seconds"), [(False, 0.01), (True, SLOW_AFTER + 0.1)])
def test_a_failure_or_a_long_wait_gives_the_queue_back(good: bool, seconds: float) -> None:
    lanes = Lanes()
    for number in range(10):
        lanes.add(job(number, ENDPOINTS[0]))
    flying = [started for _ in range(10) if (started := lanes.start(0.0))]
    lanes.finish(flying[0], good=good, seconds=seconds)
    assert len(lanes.take_returned()) == 10 - FIRST_WINDOW
    assert lanes.rooms()[ENDPOINTS[0]] == 0, "more than the slow lane takes is still in flight"
    for item in flying[1:]:
        lanes.finish(item, good=False, seconds=0.01)
    lanes.add(job(50, ENDPOINTS[0], slow=True))
    assert lanes.rooms()[ENDPOINTS[0]] == PER_SLOW_ENDPOINT - 1


def test_what_hangs_frees_the_slots_of_the_healthy() -> None:
    lanes = Lanes(fast_slots=4, slow_slots=1)
    for number in range(4):
        lanes.add(job(number, ENDPOINTS[0]))
        assert lanes.start(0.0)
    lanes.add(job(10, ENDPOINTS[1]))
    assert lanes.start(1.0) is None
    lanes.look(SLOW_AFTER + 0.1)
    started = lanes.start(SLOW_AFTER + 0.1)
    assert started
    assert started.claimed.id == 10


def test_claims_that_wait_too_long_are_given_back_while_their_lease_holds() -> None:
    lanes = Lanes(fast_slots=0)
    lanes.add(job(1, ENDPOINTS[0], at=0.0))
    lanes.look(5.0)
    assert not lanes.has_returned
    lanes.look(11.0)
    assert [item.claimed.id for item in lanes.take_returned()] == [1]
