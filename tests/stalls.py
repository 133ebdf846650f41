"""What lets the suite stand a machine that stops for seconds at any moment, and still prove what takes how long.

Work is bounded by its CPU time, waiting by seconds that leave room for a stall; what can be neither is tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import ParamSpec

P = ParamSpec("P")
# Between two looks; where it took so much longer, nothing ran.
_TICK, _A_STALL = 0.05, 0.5


@contextmanager
def cpu_within(seconds: float) -> Iterator[None]:
    """The block takes less CPU time of this thread than that."""
    began = time.thread_time()
    yield
    took = time.thread_time() - began
    assert took < seconds, f"{took:.2f} s of CPU time"


def seconds_until(done: Callable[[], object], at_most: float) -> float:
    """How long it takes until that is true, but for the time in which the machine stood still. Looks for so long."""
    began = last = time.monotonic()
    still = 0.0
    while not done() and last - began < at_most:
        time.sleep(_TICK)
        now = time.monotonic()
        still += now - last if now - last > _A_STALL else 0.0
        last = now
    return last - began - still


def thrice(test: Callable[P, None]) -> Callable[P, None]:
    """Pass where one of three attempts does: for a bound on waiting that cannot be wide.

    An attempt must leave nothing behind that the next would find; the fixtures serve all three.
    """

    @wraps(test)
    def tried(*args: P.args, **kwargs: P.kwargs) -> None:
        for _ in range(2):
            with suppress(Exception):
                return test(*args, **kwargs)
        return test(*args, **kwargs)

    return tried
