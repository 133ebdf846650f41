"""What is measured on a running system: latency when idle, throughput under load, memory over many mails.

Decides what begins and ends each measurement. Every accepted mail must be found at the sink: what is lost is counted,
and so is what came twice.
"""

from __future__ import annotations

import base64
import hmac
import random
import time
from statistics import fmean
from typing import Any

from postbox.bench import figures, mix, processes
from postbox.bench.children import Child, progress
from postbox.bench.doors import Answer, opened
from postbox.bench.mix import WARM_FROM
from postbox.bench.receiver import Receiver
from postbox.bench.system import System, SystemFailed

# Numbers of mails, apart for each phase: no mail is sent twice, or it would be a duplicate.
LATENCY_FROM = 100_000_000
DOORS_FROM = 300_000_000
_WARM_UP = 20
_WARM_LOAD = 1500
_PAUSE = (0.03, 0.09)
_ARRIVES_WITHIN = 60.0
_DRAINS_WITHIN = 120.0
SAMPLES = 100


def latency(system: System, receiver: Receiver, mails: mix.Mix, count: int) -> dict[str, Any]:
    """One mail at a time: from the first octet of the request to the 202, and to the webhook's arrival."""
    receiver.reset()
    door = opened(_task(system, 0, 1))
    dice = random.Random(1)  # noqa: S311 (pauses)
    sent: list[tuple[str, float, float]] = []
    for number in range(_WARM_UP + count):
        door.send(LATENCY_FROM + number, mails.mail(LATENCY_FROM + number))
        message_id = _accepted(door.answer())
        answered = time.monotonic()
        sent.append((message_id, door.started, answered))
        if not receiver.seen(message_id, _ARRIVES_WITHIN):
            raise SystemFailed(f"message {message_id} was accepted and did not arrive in {_ARRIVES_WITHIN:.0f} s")
        time.sleep(dice.uniform(*_PAUSE))
    received = receiver.report()["received"]
    counted = sent[_WARM_UP:]
    return {
        "mails": count,
        "accept": figures.latency([answered - began for _, began, answered in counted]),
        "webhook": figures.latency([received[id_] - began for id_, began, _ in counted]),
    }


def throughput(
    system: System,
    receiver: Receiver,
    secret: str,
    count: int,
    connections: int,
    *,
    door: str = "ingest",
    first: int = 0,
) -> dict[str, Any]:
    """All mails as fast as they are taken, from the first request to the last webhook received."""
    receiver.reset()
    with Child("postbox.bench.load") as load:
        load.prepare(_task(system, count, connections) | {"door": door, "first": first})
        others = {"load generator": load.pid, "sink": receiver.pid}
        before = processes.cpu_seconds(system.kinds(**others))
        load.tell("go")
        result = load.result()
        receiver.until(len(result["answered"]))
        backlog = system.spool_rows()
        after = processes.cpu_seconds(system.kinds(**others))
    report = receiver.report()
    began = min(row[1] for row in result["answered"])
    accepted = max(row[2] for row in result["answered"])
    return {
        "mails": count,
        "mails_per_second": round(count / (report["last"] - began), 1),
        "accepted_per_second": round(count / (accepted - began), 1),
        "accept_ms": figures.latency([row[2] - row[1] for row in result["answered"]]),
        "core_ms": processes.core_ms(before, after, count),
        "spool_backlog": backlog,
    } | _ledger(result, report, secret)


def warm_up(
    system: System, receiver: Receiver, secret: str, count: int, connections: int, door: str = "ingest"
) -> None:
    """Mails of all senders, unmeasured: what is first asked of DNS, and code that is first needed, are there then."""
    warm = min(_WARM_LOAD, count)
    first = WARM_FROM + (warm if door == "lmtp" else 0)
    run = throughput(system, receiver, secret, warm, connections, door=door, first=first)
    drain(system, run["spool_backlog"])


def doors(system: System, receiver: Receiver, secret: str, count: int, connections: int) -> dict[str, Any]:
    """The same load through both doors, each twice, so that a machine that gets faster or slower does so for both."""
    runs: dict[str, list[dict[str, Any]]] = {"ingest": [], "lmtp": []}
    for door in runs:
        warm_up(system, receiver, secret, count, connections, door)
    for turn, door in enumerate(("ingest", "lmtp", "lmtp", "ingest")):
        progress(f"{count} mails by {door}")
        first = DOORS_FROM + turn * count
        run = throughput(system, receiver, secret, count, connections, door=door, first=first)
        drain(system, run["spool_backlog"])
        runs[door].append(run)
    found: dict[str, Any] = {door: _mean(made) for door, made in runs.items()}
    speed, spent = ({door: found[door][name] for door in runs} for name in ("mails_per_second", "core_ms_a_mail"))
    return found | {
        "ratio": round(speed["lmtp"] / speed["ingest"], 3),
        # The same by CPU time: what others do on the machine meanwhile does not change it.
        "core_ms_ratio": round(spent["ingest"] / spent["lmtp"], 3),
        "lost": sum(run["lost"] for made in runs.values() for run in made),
        "failed": sum(run["failed"] for made in runs.values() for run in made),
    }


def _mean(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "mails_per_second": round(fmean(run["mails_per_second"] for run in runs), 1),
        "core_ms_a_mail": round(fmean(run["core_ms"]["total"] for run in runs), 3),
        "runs": runs,
    }


def drain(system: System, backlog: int) -> dict[str, Any]:
    """Wait until raw mail has moved from the spool to the bucket: it must not weigh on what is measured next."""
    before, began = processes.cpu_seconds(system.kinds()), time.monotonic()
    while system.spool_rows() and time.monotonic() - began < _DRAINS_WITHIN:
        time.sleep(0.5)
    after, left = processes.cpu_seconds(system.kinds()), system.spool_rows()
    spent = processes.core_ms(before, after, max(1, backlog - left))
    return {"seconds": round(time.monotonic() - began, 1), "left": left, "core_ms": spent}


def soak(system: System, receiver: Receiver, secret: str, count: int, connections: int) -> dict[str, Any]:
    """Many mails, and the memory of every process on the way."""
    receiver.reset()
    samples: list[tuple[int, dict[str, float]]] = []
    with Child("postbox.bench.load") as load:
        load.prepare(_task(system, count, connections))
        load.tell("go")
        began = time.monotonic()
        for goal in range(SAMPLES):
            if not receiver.until(count * goal // SAMPLES):
                break
            samples.append((int(receiver.counts()["count"]), dict(processes.memory_mb(system.kinds()))))
            if goal % 10 == 0:
                progress(f"soak: {samples[-1][0]} of {count}, {sum(samples[-1][1].values()):.0f} MB")
        result = load.result()
        receiver.until(len(result["answered"]))
    report = receiver.report()
    return {
        "mails": count,
        "mails_per_second": round(count / (report["last"] - began), 1),
        "memory_mb": growth(samples),
        "spool_backlog": system.spool_rows(),
    } | _ledger(result, report, secret)


def growth(samples: list[tuple[int, dict[str, float]]]) -> dict[str, Any]:
    """First and last tenth of all memory, by kind too, and how it grew over the second half, in MB."""
    totals = [(float(mails), sum(sizes.values())) for mails, sizes in samples]
    first, last = figures.deciles([size for _, size in totals])
    kinds = sorted({kind for _, sizes in samples for kind in sizes})
    by_kind = {kind: figures.deciles([sizes.get(kind, 0.0) for _, sizes in samples]) for kind in kinds}
    return {
        "first_decile": round(first, 1),
        "last_decile": round(last, 1),
        "per_1000_mails": round(figures.slope(totals) * 1000, 3),
        "per_1000_mails_second_half": round(figures.slope(totals[len(totals) // 2 :]) * 1000, 3),
        "by_kind": {kind: [round(size, 1) for size in pair] for kind, pair in by_kind.items()},
    }


def memory(system: System) -> dict[str, float]:
    """The proportional set size of the whole system by kind, in MB."""
    sizes = dict(sorted(processes.memory_mb(system.kinds()).items()))
    return {kind: round(size, 1) for kind, size in (sizes | {"total": sum(sizes.values())}).items()}


def verified(secret: str, samples: list[dict[str, str]]) -> int:
    """How many requests were checked; a wrong ``webhook-signature`` (Standard Webhooks) raises SystemFailed."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    for sample in samples:
        lines = (line.partition(":") for line in sample["head"].split("\r\n")[1:])
        headers = {name.strip().lower(): value.strip() for name, _, value in lines}
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + base64.b64decode(sample["body"])
        right = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        if right not in headers["webhook-signature"].split():
            raise SystemFailed(f"the signature of {headers['webhook-id']} is wrong")
    return len(samples)


def _ledger(result: dict[str, Any], report: dict[str, Any], secret: str) -> dict[str, Any]:
    accepted = {row[0] for row in result["answered"]}
    return {
        "accepted": len(accepted),
        "lost": len(accepted - report["received"].keys()),
        "duplicates": report["posts"] - report["count"],
        "failed": result["failed"],
        "failures": result["failures"][:5],
        "retries": result["retries"],
        "signatures_checked": verified(secret, report["samples"]),
    }


def _task(system: System, count: int, connections: int) -> dict[str, Any]:
    keys = system.credentials
    return {
        "port": system.port,
        "lmtp_port": system.lmtp_port,
        "key": keys["bridge_key"],
        "address": keys["address"],
        "connections": connections,
        "first": 0,
        "count": count,
    }


def _accepted(answer: Answer) -> str:
    if len(answer.ids) != 1:
        raise SystemFailed(f"/ingest did not take a mail: {answer.reason}")
    return answer.ids[0]
