"""`postbox bench`: the floor and the system in one run, as one JSON line on stdout; progress goes to stderr.

Decides the order (floor, system, floor, so that a machine that gets faster or slower does so for both) and what is
printed. Exit status 1 when a mail was lost, refused, or did not arrive.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import psycopg

from postbox.bench import figures, floor, mix, outbound, phases, processes
from postbox.bench.children import Child, ChildFailed, progress
from postbox.bench.names import Names
from postbox.bench.receiver import Receiver
from postbox.bench.system import Stores, System, SystemFailed

MAILS = 4000
LATENCY_MAILS = 250
STAGE_MAILS = 1399
CONNECTIONS = 16  # enough that each web worker gets some, however the kernel deals them out
_SETTLE_SECONDS = 6.0  # Celery's workers are up a little after the web server
_FLOOR_FROM = 200_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark. Returns the exit status."""
    options = parser().parse_args(arguments)
    mails = mix.load()
    try:
        measured = _measure(options, mails)
    except (SystemFailed, ChildFailed, psycopg.Error) as error:
        print(f"postbox bench: {error}", file=sys.stderr)  # noqa: T201
        return 1
    print(json.dumps(head(mails) | measured), flush=True)  # noqa: T201
    if "outbound" in measured:
        return 1 if outbound.faults(measured["outbound"]) else 0
    run = measured.get("soak") or measured.get("doors") or measured.get("system") or {}
    return 1 if run.get("lost") or run.get("failed") else 0


def parser() -> argparse.ArgumentParser:
    """The options of `postbox bench`."""
    made = argparse.ArgumentParser(prog="postbox bench", description="Measure Postbox against a bare loop.")
    made.add_argument("--mails", type=_count, default=MAILS, metavar="N", help=f"in each part (default {MAILS})")
    made.add_argument("--connections", type=_count, default=CONNECTIONS, metavar="N", help="of the load generator")
    made.add_argument("--door", choices=("ingest", "lmtp"), default="ingest", help="by which the mails come in")
    only = made.add_mutually_exclusive_group()
    only.add_argument("--floor-only", action="store_true", help="the bare loop alone")
    only.add_argument("--system-only", action="store_true", help="Postbox alone")
    only.add_argument("--doors", action="store_true", help="Postbox alone: the same load by /ingest and by LMTP")
    only.add_argument("--outbound", type=_count, metavar="N", help="sending alone, from /send to an SMTP server")
    only.add_argument("--soak", type=_count, metavar="N", help="Postbox alone: is memory flat over N mails?")
    return made


def head(mails: mix.Mix) -> dict[str, Any]:
    """What the figures belong to."""
    described = {"name": mails.name, "different": len(mails.mails), "mean_octets": mails.mean_size}
    return {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": figures.machine(), "mix": described}


def _measure(options: argparse.Namespace, mails: mix.Mix) -> dict[str, Any]:
    if options.outbound:
        return {"outbound": outbound.measure(options.outbound)}
    if options.floor_only:
        with Stores() as stores, Receiver() as receiver:
            return _floors(stores, [_floor(stores, receiver, options.mails, turn) for turn in (0, 1)])
    if not processes.supported():
        progress("no /proc here: core-milliseconds and memory will be missing")
    progress("starting Postbox in a home of its own")
    with Names() as names, System(POSTBOX_DNS_SERVERS=names.setting) as system, Receiver() as receiver:
        time.sleep(_SETTLE_SECONDS)
        idle = phases.memory(system)
        secret = system.register_webhook(receiver.port)
        if options.soak:
            progress(f"soak over {options.soak} mails")
            soaked = phases.soak(system, receiver, secret, options.soak, options.connections)
            return {"postgres": system.durability(), "soak": soaked, "idle_memory_mb": idle}
        if options.doors:
            compared = phases.doors(system, receiver, secret, options.mails, options.connections)
            return {"postgres": system.durability(), "doors": compared, "idle_memory_mb": idle}
        return _system(options, mails, system, receiver, secret) | {"idle_memory_mb": idle}


def _system(
    options: argparse.Namespace, mails: mix.Mix, system: System, receiver: Receiver, secret: str
) -> dict[str, Any]:
    singles = min(LATENCY_MAILS, options.mails)
    progress(f"latency of {singles} mails, one at a time")
    latency = phases.latency(system, receiver, mails, singles)
    phases.drain(system, singles)
    floors = [] if options.system_only else [_floor(system, receiver, options.mails, 0)]
    progress("warming up")
    phases.warm_up(system, receiver, secret, options.mails, options.connections, options.door)
    progress(f"Postbox with {options.mails} mails")
    run = phases.throughput(system, receiver, secret, options.mails, options.connections, door=options.door)
    loaded = phases.memory(system)
    run["spool_drain"] = phases.drain(system, run["spool_backlog"])
    if not options.system_only:
        floors.append(_floor(system, receiver, options.mails, 1))
    measured: dict[str, Any] = {"postgres": system.durability(), "system": run, "latency_ms": latency}
    measured["loaded_memory_mb"] = loaded
    progress("the stages, one by one")
    with Child("postbox.bench.stages", system.child_environment()) as stages:
        stages.prepare({"count": STAGE_MAILS})
        stages.tell("go")
        measured["stage_core_ms"] = stages.result()
    if floors:
        measured |= _floors(system, floors)
        measured["ratio"] = round(run["mails_per_second"] / measured["floor"]["mails_per_second"], 3)
        # The same by CPU time: what others do on the machine meanwhile does not change it.
        measured["core_ms_ratio"] = round(measured["floor"]["core_ms"] / run["core_ms"]["total"], 3)
    return measured


def _floor(stores: Stores, receiver: Receiver, count: int, turn: int) -> dict[str, Any]:
    progress(f"the floor with {count} mails")
    return floor.run(receiver, stores.database_url, count, _FLOOR_FROM + turn * count, stores.kinds())


def _floors(stores: Stores, runs: list[dict[str, Any]]) -> dict[str, Any]:
    mean = round(fmean(run["mails_per_second"] for run in runs), 1)
    spent = round(fmean(run["core_ms"]["total"] for run in runs), 3)
    return {"postgres": stores.durability(), "floor": {"mails_per_second": mean, "core_ms": spent, "runs": runs}}


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 10_000_000:
        raise argparse.ArgumentTypeError("a number from 1 to 10 million")
    return value


if __name__ == "__main__":
    sys.exit(main())
