"""Sending, measured: from ``/send`` accepted to the 250 of a local SMTP server, against a bare smtplib loop.

Decides the order (floor, system, floor) and that no mail may be lost or come twice. Quotas are set wide, as a benchmark
is no agent's day; every gate is asked all the same.
"""

from __future__ import annotations

import json
import time
import uuid
from statistics import fmean
from typing import Any

from postbox.bench import figures, processes, smtp_floor
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


class Sink(Child):
    """The handle on the SMTP server (postbox.bench.smtp_sink) at 127.0.0.1:``port``."""

    def __init__(self) -> None:
        super().__init__("postbox.bench.smtp_sink")
        self.port = int(self.hear())

    def ask(self, line: str) -> str:
        self.tell(line)
        return self.hear()

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ask("report"))
        return found


def measure(count: int) -> dict[str, Any]:
    """``{"floor", "system", "ratio", "core_ms_ratio"}`` over so many mails each."""
    with Sink() as sink:
        transport = f"smtp://127.0.0.1:{sink.port}?tls=off"
        with System(POSTBOX_TRANSPORT=transport, **_QUOTAS) as system:
            time.sleep(_SETTLE_SECONDS)
            keys = [system.agent_key(f"bench-{number}") for number in range(AGENTS)]
            progress("sending, warming up")
            _system(system, sink, keys, WARM_UP, 10_000_000)
            floors = [_floor(sink, count, 0)]
            progress(f"Postbox sends {count} mails")
            run = _system(system, sink, keys, count, 0)
            floors.append(_floor(sink, count, count))
            return _compared(run, floors) | {"postgres": system.durability()}


def _compared(run: dict[str, Any], floors: list[dict[str, Any]]) -> dict[str, Any]:
    mean = round(fmean(one["mails_per_second"] for one in floors), 1)
    spent = round(fmean(one["core_ms"]["total"] for one in floors), 3)
    return {
        "floor": {"mails_per_second": mean, "core_ms": spent, "runs": floors},
        "system": run,
        "ratio": round(run["mails_per_second"] / mean, 3),
        "core_ms_ratio": round(spent / run["core_ms"]["total"], 3),
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


def _system(system: System, sink: Sink, keys: list[str], count: int, first: int) -> dict[str, Any]:
    sink.ask("reset")
    with Child("postbox.bench.send_load") as load:
        load.prepare({"port": system.port, "keys": keys, "each": EACH, "first": first, "count": count})
        kinds = {"load generator": load.pid, "sink": sink.pid}
        before = processes.cpu_seconds(system.kinds(**kinds))
        load.tell("go")
        result = load.result()
        sink.ask(f"until {len(result['answered'])}")
        after = processes.cpu_seconds(system.kinds(**kinds))
    report = sink.report()
    began = min(row[1] for row in result["answered"])
    took = {uuid.UUID(row[0]).hex: row[1] for row in result["answered"]}
    arrived = report["received"]
    whole = [arrived[name] - at for name, at in took.items() if name in arrived]
    return {
        "mails": count,
        "mails_per_second": round(len(whole) / (report["last"] - began), 1),
        "accepted_per_second": round(len(took) / (max(row[2] for row in result["answered"]) - began), 1),
        "accept_ms": figures.latency([row[2] - row[1] for row in result["answered"]]),
        "to_250_ms": figures.latency(whole),
        "core_ms": processes.core_ms(before, after, count),
        "accepted": len(took),
        "lost": len(took.keys() - arrived.keys()),
        "duplicates": report["mails"] - len(arrived),
        "failed": result["failed"],
        "failures": result["failures"][:5],
    }
