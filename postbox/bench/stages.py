"""What each stage of the pipeline takes of one core, measured in this process over the mails of the benchmark.

Decides which calls make a stage. The same functions that the worker calls, without database and queue; CPU time of
this thread, so that a busy machine does not change it. Run as ``python -m postbox.bench.stages`` in the environment
of a Postbox system.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import django

from postbox.bench import mix
from postbox.bench.children import serve_task
from postbox.bench.figures import percentile
from postbox.bench.names import CLIENT, HELO, SENDER


def prepare(task: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Load everything and take all mails once, so that what they ask DNS is kept."""
    django.setup()
    measure(mix.load(), range(task["count"]))
    return lambda: measure(mix.load(), range(task["count"]))


def measure(mails: mix.Mix, numbers: Iterable[int]) -> dict[str, Any]:
    """Core-milliseconds a mail by stage: the mean, and the percentiles of all stages together."""
    from postbox.ingest.pipeline import STEPS
    from postbox.ingest.settle import prepare as seal
    from postbox.ingest.thread_keys import keys_of
    from postbox.lib import clock
    from postbox.lib.envelope import new_key
    from postbox.lib.ids import uuid7
    from postbox.screening.case import Case

    agent, key = uuid7(), new_key()
    spent = dict.fromkeys([*(step.name for step in STEPS), "threads", "seal"], 0.0)
    whole: list[float] = []
    for number in numbers:
        raw = mails.mail(number)
        case = Case(
            uuid7(), agent, "agent", raw, SENDER, "agent@agents.localhost", clock.now(), client_ip=CLIENT, helo=HELO
        )
        began = last = time.thread_time()
        for step in STEPS:
            case.add(step.check(case))
            now = time.thread_time()
            spent[step.name] += now - last
            last = now
        if case.parsed is not None:  # their look-up is the database's
            keys_of(case)
        now = time.thread_time()
        spent["threads"] += now - last
        last = now
        seal(case, key)
        ended = time.thread_time()
        spent["seal"] += ended - last
        whole.append(ended - began)
    stages: dict[str, Any] = {name: round(value * 1000 / len(whole), 3) for name, value in spent.items()}
    stages["all"] = round(sum(whole) * 1000 / len(whole), 3)
    tail = {"all_p50": percentile(whole, 0.5), "all_p99": percentile(whole, 0.99)}
    return stages | {name: round(value * 1000, 3) for name, value in tail.items()}


if __name__ == "__main__":
    serve_task(prepare)
