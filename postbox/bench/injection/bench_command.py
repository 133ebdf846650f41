"""`postbox bench-injection`: the score's table in one run, beside other detectors, and the curve behind it.

Decides what is measured: attacks planted in unseen mail and alone by source, honest mail by kind, time by kind. The
shipped weights have seen all of the corpora, so the figures to believe are those of the model card, which are printed
first: made by models that had not seen the source or the mail.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from postbox.bench.injection import corpora, curve, judging, peers
from postbox.bench.injection.train_command import CARD
from postbox.screening.injection import detect_prompt_injection, is_quarantined

_PEERS_MOST: Final = 150
PICTURE: Final = Path("docs/images/injection-roc.svg")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        read = corpora.read(options.corpora)
    except OSError as error:
        print(f"postbox bench-injection: {error}", file=sys.stderr)  # noqa: T201
        return 1
    card = json.loads(CARD.read_text("utf-8"))
    found, missing = peers.installed()
    rows = [measured("postbox, shipped weights", read, _ours, None)]
    rows += [measured(name, read, flags, options.most) for name, flags in found.items()]
    lines = [*unseen_table(card), "", *table(rows), *(f"{name}: {why}" for name, why in missing.items())]
    print("\n".join(lines), flush=True)  # noqa: T201
    if options.plot:
        options.plot.parent.mkdir(parents=True, exist_ok=True)
        options.plot.write_text(curve.svg(card["roc"]), "utf-8")
    return 0


def parser() -> argparse.ArgumentParser:
    """The options of `postbox bench-injection`."""
    made = argparse.ArgumentParser(prog="postbox bench-injection", description="Measure the injection score.")
    made.add_argument("--corpora", type=Path, default=corpora.BESIDE, metavar="DIR", help="the shared corpora")
    made.add_argument("--plot", type=Path, nargs="?", const=PICTURE, metavar="FILE", help="write the curve as SVG")
    made.add_argument("--most", type=int, default=_PEERS_MOST, metavar="N", help="texts a source for other detectors")
    return made


def measured(name: str, read: corpora.Corpora, flags: Callable[[str], bool], most: int | None) -> dict[str, Any]:
    """One detector: shares of attacks caught and of honest mail flagged, and its mean CPU milliseconds a mail."""
    row: dict[str, Any] = {"name": name}
    carriers = judging.carriers(read, 0)
    for source, attacks in read.attacks.items():
        dice = random.Random(source)  # noqa: S311 (no secret; the same plantings in every run)
        row[source] = statistics.mean(flags(judging.plant(text, carriers, dice)) for text in attacks[:most])
    for kind in corpora.HONEST:
        mails = [mail.text for mail in read.mails if mail.kind == kind][:most]
        began = time.process_time()
        row[kind] = statistics.mean(map(flags, mails))
        row[f"ms, {kind}"] = 1000 * (time.process_time() - began) / len(mails)
    return row


def unseen_table(card: dict[str, Any]) -> list[str]:
    """What models caught and flagged that had not seen the source or the mail, from the model card."""
    judged = card["judged"]
    lines = [
        "| source left out | planted | alone | model without rules, alone | a quarter left out, planted |",
        "|---|---|---|---|---|",
    ]
    for source in judged["planted"]:
        shares = [judged[kind][source] for kind in ("planted", "alone", "model_alone", "within")]
        lines.append(f"| {source} | " + " | ".join(f"{share:.1%}" for share in shares) + " |")
    lines += ["", "| kind of bare order left out | planted |", "|---|---|"]
    lines += [f"| {kind} | {share:.1%} |" for kind, share in judged["kinds"].items()]
    lines += ["", "| honest mail of the half left out | flagged |", "|---|---|"]
    lines += [f"| {kind} | {share:.2%} |" for kind, share in judged["flagged"].items()]
    lines += ["", "| model's score | of all attacks | of all honest mail | attacks among both |", "|---|---|---|---|"]
    for row in card["calibration"]:
        cells = " | ".join(f"{row[name]:.1%}" for name in ("attacks", "honest", "attacks_among_both"))
        lines.append(f"| {row['from']} to {row['to']} | {cells} |")
    return lines


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The detectors as a table in Markdown: shares in percent, times in milliseconds."""
    names = [name for name in rows[0] if name != "name"]
    lines = ["| detector | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for row in rows:
        cells = [f"{row[name]:.2f}" if name.startswith("ms") else f"{row[name]:.1%}" for name in names]
        lines.append(f"| {row['name']} | " + " | ".join(cells) + " |")
    return lines


def _ours(text: str) -> bool:
    return is_quarantined(detect_prompt_injection(text).score)


if __name__ == "__main__":
    sys.exit(main())
