"""How rows are held against a set of mails with known answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from reputation.bounces import Bounce, Kind, read_bounces

SAMPLES = Path(__file__).resolve().parents[2] / "fixtures" / "bounces"
CORPORA = Path(__file__).resolve().parents[4] / "shared" / "corpora"


@dataclass(frozen=True, slots=True)
class Judged:
    """One mail: whether it was taken for what it is, and whether each recipient's hardness is right."""

    name: str
    found: bool
    hard: bool
    rows: list[Bounce]


def judge(folder: Path) -> list[Judged]:
    """Every mail of a folder beside its expected.jsonl."""
    lines = (folder / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    return [_judged(folder, json.loads(line)) for line in lines]


def _judged(folder: Path, row: dict[str, list[dict[str, object]]]) -> Judged:
    name, expected = str(row["file"]), row["expected"]
    rows = read_bounces((folder / name).read_bytes())
    kinds = {bounce.kind for bounce in rows}
    wanted = {_kind(str(one["reason"])) for one in expected}
    found = not kinds & {Kind.BOUNCE, Kind.COMPLAINT} if wanted == {Kind.NONE} else kinds == wanted
    return Judged(
        name, found, sorted(bool(one["hard"]) for one in expected) == sorted(bounce.hard for bounce in rows), rows
    )


def _kind(reason: str) -> Kind:
    kinds = {"feedback": Kind.COMPLAINT, "vacation": Kind.AUTO_REPLY, "delivered": Kind.NONE}
    return kinds.get(reason, Kind.BOUNCE)
