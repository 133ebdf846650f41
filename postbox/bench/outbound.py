"""Sending, measured against a bare smtplib loop that hands mails of the same texts to the same SMTP server.

Decides what is measured, and the order (floor, whole, shipping, floor): ``whole`` from the first ``/send`` to the last
250 while requests come in; ``shipping`` from accepted to the last 250, the worker stopped until all mails are. Both
before two servers: ``aiosmtpd``, which is one, and ``counting``, which only counts and costs next to nothing. No mail
may be lost or come twice. Quotas are set wide, as a benchmark is no agent's day; every gate is asked all the same.
"""

from __future__ import annotations

import json
import os
import signal
import time
import uuid
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from postbox.bench import figures, processes, smtp_floor, smtp_sink
from postbox.bench.children import Child, progress
from postbox.bench.system import System, SystemFailed

AGENTS = 8
EACH = 2  # connections of an agent
WARM_UP = 200
_SETTLE_SECONDS = 6.0
_QUOTAS = {
    f"POSTBOX_QUOTA_{scope}_{window}": "100000000"
    for scope in ("AGENT", "OWNER", "SYSTEM")
    for window in ("HOUR", "DAY")
}


SERVERS = {"aiosmtpd": "postbox.bench.smtp_server", "counting": "postbox.bench.smtp_sink"}
_WORKER = "worker-rest"
_FIRSTS = {"aiosmtpd": 0, "counting": 10_000_000}


class Sink(Child):
    """The handle on an SMTP server at 127.0.0.1:``port``; 0: one that is free."""

    def __init__(self, name: str, port: int = 0) -> None:
        super().__init__(SERVERS[name], os.environ | {smtp_sink.PORT: str(port)})
        self.port = int(self.hear())

    def ask(self, line: str) -> str:
        self.tell(line)
        return self.hear()

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ask("report"))
        return found


def measure(count: int) -> dict[str, Any]:
    """By each server ``{"floor", "whole", "shipping", "whole_ratio", "shipping_ratio", …}`` over so many mails each."""
    with Sink(next(iter(SERVERS))) as sink:
        port = sink.port
    with System(POSTBOX_TRANSPORT=f"smtp://127.0.0.1:{port}?tls=off", **_QUOTAS) as system:
        time.sleep(_SETTLE_SECONDS)
        keys = [system.agent_key(f"bench-{number}") for number in range(AGENTS)]
        return {name: _before(name, port, system, keys, count) for name in SERVERS}


def faults(measured: Mapping[str, Any]) -> int:
    """How many mails were lost, came twice or were refused in what ``measure`` gave."""
    runs = [server[run] for server in measured.values() for run in ("whole", "shipping")]
    return sum(run[name] for run in runs for name in ("lost", "duplicates", "failed"))


def _before(name: str, port: int, system: System, keys: list[str], count: int) -> dict[str, Any]:
    """One server after the other on the same port, so that one system sends to both."""
    first = _FIRSTS[name]  # no text twice, or the agents would repeat themselves
    with Sink(name, port) as sink:
        progress(f"sending to {name}, warming up")
        _sent(system, sink, keys, min(WARM_UP, count), first + 5_000_000)
        floors = [_floor(sink, count, first)]
        progress(f"Postbox sends {count} mails")
        whole = _sent(system, sink, keys, count, first)
        progress(f"Postbox ships {count} mails")
        shipping = _shipped(system, sink, keys, count, first + count)
        floors.append(_floor(sink, count, first + count))
        return _compared(whole, shipping, floors) | {"postgres": system.durability()}


def _compared(whole: dict[str, Any], shipping: dict[str, Any], floors: list[dict[str, Any]]) -> dict[str, Any]:
    mean = round(fmean(one["mails_per_second"] for one in floors), 1)
    spent = round(fmean(one["core_ms"]["total"] for one in floors), 3)
    return {
        "floor": {"mails_per_second": mean, "core_ms": spent, "runs": floors},
        "whole": whole,
        "shipping": shipping,
        "whole_ratio": round(whole["mails_per_second"] / mean, 3),
        "shipping_ratio": round(shipping["mails_per_second"] / mean, 3),
        "whole_core_ms_ratio": round(spent / whole["core_ms"]["total"], 3),
        "shipping_core_ms_ratio": round(spent / shipping["core_ms"]["total"], 3),
    }


def _floor(sink: Sink, count: int, first: int) -> dict[str, Any]:
    progress(f"the floor of sending with {count} mails")
    sink.ask("reset")
    with Child("postbox.bench.smtp_floor") as left, Child("postbox.bench.smtp_floor") as right:
        for number, loop in enumerate((left, right)):
            loop.prepare({"port": sink.port, "first": first + number, "end": first + count})
        kinds = {sink.pid: "sink", left.pid: "floor", right.pid: "floor"}
        before, began = processes.cpu_seconds(kinds), time.monotonic()
        for loop in (left, right):
            loop.tell("go")
        handed = sum(loop.result()["mails"] for loop in (left, right))
        after = processes.cpu_seconds(kinds)
    report = sink.report()
    if not handed == report["mails"] == len(report["received"]) == count:
        raise SystemFailed(f"the floor handed over {handed} mails and {report['mails']} arrived")
    return {
        "mails_per_second": round(count / (report["last"] - began), 1),
        "processes": smtp_floor.PROCESSES,
        "core_ms": processes.core_ms(before, after, count),
    }


def _sent(system: System, sink: Sink, keys: list[str], count: int, first: int) -> dict[str, Any]:
    """From the first ``/send`` to the last 250."""
    sink.ask("reset")
    with Child("postbox.bench.send_load") as load:
        kinds = {"load generator": load.pid, "sink": sink.pid}
        result, before = _accepted(system, load, kinds, keys, count, first)
        sink.ask(f"until {len(result['answered'])}")
        after = processes.cpu_seconds(system.kinds(**kinds))
    report = sink.report()
    began = min(row[1] for row in result["answered"])
    took = {uuid.UUID(row[0]).hex: row[1] for row in result["answered"]}
    whole = [report["received"][name] - at for name, at in took.items() if name in report["received"]]
    return {
        "mails": count,
        "mails_per_second": round(len(whole) / (report["last"] - began), 1),
        "accepted_per_second": round(len(took) / (max(row[2] for row in result["answered"]) - began), 1),
        "accept_ms": figures.latency([row[2] - row[1] for row in result["answered"]]),
        "to_250_ms": figures.latency(whole),
        "core_ms": processes.core_ms(before, after, count),
    } | _counted(result, report)


def _shipped(system: System, sink: Sink, keys: list[str], count: int, first: int) -> dict[str, Any]:
    """From the moment when all are accepted, and the worker may go on, to the last 250."""
    sink.ask("reset")
    workers = [pid for pid, kind in system.kinds().items() if kind == _WORKER]
    _signal(workers, signal.SIGSTOP)
    try:
        with Child("postbox.bench.send_load") as load:
            result, _ = _accepted(system, load, {}, keys, count, first)
        kinds = {"sink": sink.pid}
        before, began = processes.cpu_seconds(system.kinds(**kinds)), time.monotonic()
    finally:
        _signal(workers, signal.SIGCONT)
    sink.ask(f"until {len(result['answered'])}")
    after = processes.cpu_seconds(system.kinds(**kinds))
    report = sink.report()
    return {
        "mails": count,
        "mails_per_second": round(len(report["received"]) / (report["last"] - began), 1),
        "first_250_ms": round((min(report["received"].values(), default=began) - began) * 1000, 1),
        "core_ms": processes.core_ms(before, after, count),
    } | _counted(result, report)


def _accepted(
    system: System, load: Child, kinds: Mapping[str, int], keys: list[str], count: int, first: int
) -> tuple[dict[str, Any], dict[str, float]]:
    """Have all mails accepted; gives what the load generator says, and the CPU time before."""
    load.prepare({"port": system.port, "keys": keys, "each": EACH, "first": first, "count": count})
    before = processes.cpu_seconds(system.kinds(**kinds))
    load.tell("go")
    return load.result(), before


def _counted(result: dict[str, Any], report: dict[str, Any]) -> dict[str, Any]:
    took = {uuid.UUID(row[0]).hex for row in result["answered"]}
    return {
        "accepted": len(took),
        "lost": len(took - report["received"].keys()),
        "duplicates": report["mails"] - len(report["received"]),
        "failed": result["failed"],
        "failures": result["failures"][:5],
    }


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        os.kill(pid, number)
