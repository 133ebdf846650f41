"""`postbox train-injection`: make the weights of the injection score anew, and the card that says how good they are.

Decides what is written where. The corpora are read and none of their texts kept.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from postbox.bench.injection import calibration, corpora, curve, folds, judging, kinds, training
from postbox.screening.model.weights import FILE, packed

CARD: Final = FILE.with_name("card.json")
SLOPE: Final = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, judge, write. Returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        read = corpora.read(options.corpora)
    except OSError as error:
        print(f"postbox train-injection: {error}", file=sys.stderr)  # noqa: T201
        return 1
    say("making texts and samples")
    material = training.material(read, options.scale)
    say("judging by halves and by sources left out")
    judged = judging.judge(read, material, SLOPE)
    say("judging by parts of sources left out")
    folds.judge_folds(judged, read, material, SLOPE)
    say("judging by kinds of orders left out")
    kinds.judge_kinds(judged, read, material, SLOPE)
    say("training on all")
    final = training.fit(material)
    weights = training.weights(material, final, judged.threshold, SLOPE)
    options.into.mkdir(parents=True, exist_ok=True)
    (options.into / FILE.name).write_bytes(packed(weights))
    card = describe(options, read, material, judged)
    (options.into / CARD.name).write_text(json.dumps(card, indent=1) + "\n", "utf-8")
    print(json.dumps(card["judged"]), flush=True)  # noqa: T201
    return 0


def parser() -> argparse.ArgumentParser:
    """The options of `postbox train-injection`."""
    made = argparse.ArgumentParser(prog="postbox train-injection", description="Make the injection score's weights.")
    made.add_argument("--corpora", type=Path, default=corpora.BESIDE, metavar="DIR", help="the shared corpora")
    made.add_argument("--into", type=Path, default=FILE.parent, metavar="DIR", help="where weights and card go")
    made.add_argument("--scale", type=float, default=1.0, metavar="X", help="share of the grammars' texts to make")
    return made


def describe(
    options: argparse.Namespace, read: corpora.Corpora, material: training.Material, judged: judging.Judged
) -> dict[str, Any]:
    """The model card as data."""
    names = ("flagged", "alone", "planted", "model_alone", "within", "kinds")
    shares = {name: {key: round(value, 4) for key, value in getattr(judged, name).items()} for name in names}
    kinds = {kind: sum(mail.kind == kind for mail in read.mails) for kind in corpora.HONEST}
    return {
        "made_by": "postbox train-injection",
        "scale": options.scale,
        "attacks": {source: len(samples) for source, samples in material.attacks.items()},
        "honest": kinds | {"made": len(material.made_honest)},
        "threshold": round(judged.threshold, 3),
        "judged": shares,
        "calibration": calibration.curve(judged),
        "roc": curve.points([value for values in judged.sums.values() for value in values], judged.attack_sums),
    }


def say(what: str) -> None:
    """Progress, on stderr."""
    print(f"# {what}", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
