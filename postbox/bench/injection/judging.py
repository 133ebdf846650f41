"""How good the score is on what it was not trained on.

Decides the arrangement: honest mail by halves (a model sees one, is judged on the other), attacks by leaving their
whole source out as well, planted at the start, in the middle or at the end of an unseen honest mail and alone. The
rules were written by people who had seen the sources, so the model's own share is reported beside the whole.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from postbox.bench.injection.corpora import HONEST, Corpora, HonestMail
from postbox.bench.injection.samples import best_of, places_of, sample
from postbox.bench.injection.training import Fit, Material, fit, weights
from postbox.screening.injection import detect_prompt_injection, is_quarantined
from postbox.screening.model.weights import ZERO, Weights

HONEST_MOST: Final = 0.0035
NEWSLETTERS_MOST: Final = 0.0072
FLAGGED_MOST: Final = {"honest mail": 0.0045, "newsletters": 0.009}
"""Shares of the honest mail that model and rules together may flag."""
HALVES: Final = (0, 1)
_STEP: Final = 0.025
_STEPS: Final = 120
_CARRIERS: Final = 300
_CARRIER_CHARACTERS: Final = 4000


@dataclass(slots=True)
class Judged:
    """Shares by name; ``sums`` are the honest mails' by kind, from models that had not seen them."""

    flagged: dict[str, float] = field(default_factory=dict)
    alone: dict[str, float] = field(default_factory=dict)
    planted: dict[str, float] = field(default_factory=dict)
    model_alone: dict[str, float] = field(default_factory=dict)
    within: dict[str, float] = field(default_factory=dict)
    kinds: dict[str, float] = field(default_factory=dict)
    sums: dict[str, list[float]] = field(default_factory=dict)
    attack_sums: list[float] = field(default_factory=list)
    threshold: float = 0.0


def judge(corpora: Corpora, material: Material, slope: float) -> Judged:
    """Train by halves and by sources left out, and measure on the rest."""
    judged = Judged()
    models = [fit(material, half=half) for half in HALVES]
    for half in HALVES:
        _honest_sums(judged, material, models[half], half)
    judged.threshold = threshold(judged.sums)
    _raise_threshold(
        judged, corpora, [weights(material, models[half], judged.threshold, slope, (), half) for half in HALVES]
    )
    for at, (source, attacks) in enumerate(corpora.attacks.items()):
        half = at % 2
        left_out = fit(material, (source,), half)
        shipped = weights(material, left_out, judged.threshold, slope, (source,), half)
        shares = _recall(judged, corpora, source, attacks, shipped, half)
        judged.alone[source], judged.planted[source], judged.model_alone[source] = shares
    return judged


def threshold(sums: dict[str, list[float]]) -> float:
    """The sum above which few enough unseen honest mails lie."""
    honest, news, *_ = HONEST
    return float(max(np.quantile(sums[honest], 1 - HONEST_MOST), np.quantile(sums[news], 1 - NEWSLETTERS_MOST)))


def plant(attack: str, mails: Sequence[HonestMail], dice: random.Random) -> str:
    """The attack at the start, in the middle or at the end of an honest mail."""
    carrier = dice.choice(mails).text[:_CARRIER_CHARACTERS]
    paragraphs = carrier.split("\n\n")
    at = dice.choice((0, len(paragraphs) // 2, len(paragraphs)))
    return "\n\n".join([*paragraphs[:at], attack, *paragraphs[at:]])


def carriers(corpora: Corpora, half: int) -> list[HonestMail]:
    """Honest mails of the half to plant attacks in."""
    kinds = list(HONEST)[:2]
    return [mail for mail in corpora.mails if mail.half == half and mail.kind in kinds and mail.text.strip()][
        :_CARRIERS
    ]


def _honest_sums(judged: Judged, material: Material, model: Fit, half: int) -> None:
    unseen = [(kind, one) for kind, own, one in material.mails if own != half]
    for (kind, _), value in zip(unseen, model.best([one for _, one in unseen]), strict=True):
        judged.sums.setdefault(kind, []).append(float(value))


def _raise_threshold(judged: Judged, corpora: Corpora, by_half: Sequence[Weights]) -> None:
    """Raise the threshold of the model until it and the rules together flag few enough unseen honest mails."""
    for _ in range(_STEPS):
        judged.flagged = _flagged(corpora, [replace(one, threshold=judged.threshold) for one in by_half])
        if all(judged.flagged[kind] <= most for kind, most in FLAGGED_MOST.items()):
            return
        judged.threshold += _STEP


def _flagged(corpora: Corpora, by_half: Sequence[Weights]) -> dict[str, float]:
    """The share of each kind of honest mail that is flagged by the weights whose half it is not in."""
    totals, found = Counter(mail.kind for mail in corpora.mails), Counter[str]()
    for mail in corpora.mails:
        found[mail.kind] += is_quarantined(
            detect_prompt_injection(mail.text, mail.hidden, by_half[1 - mail.half]).score
        )
    return {kind: found[kind] / totals[kind] if totals[kind] else 0.0 for kind in HONEST}


def _recall(
    judged: Judged, corpora: Corpora, source: str, attacks: Sequence[str], shipped: Weights, half: int
) -> tuple[float, float, float]:
    """The shares of a source caught alone, planted in unseen mail, and alone by the model without the rules."""
    dice = random.Random(f"{source}{half}")  # noqa: S311 (no secret; the same plantings in every run)
    unseen = carriers(corpora, 1 - half)
    scores = [detect_prompt_injection(text, (), shipped) for text in attacks]
    planted = [detect_prompt_injection(plant(text, unseen, dice), (), shipped) for text in attacks]
    sums = _sums(attacks, shipped)
    judged.attack_sums += sums
    return (
        _share(is_quarantined(score.score) for score in scores),
        _share(is_quarantined(score.score) for score in planted),
        _share(value > shipped.threshold for value in sums),
    )


def _sums(attacks: Sequence[str], shipped: Weights) -> list[float]:
    """The model's own sums, without the first look and the rules."""
    table = np.frombuffer(shipped.table, dtype=np.uint8).astype(np.int32) - ZERO
    found = []
    for text in attacks:
        one = sample(text, 200)
        sums = [int(table[places_of(row)].sum()) * shipped.step + shipped.bias for row in one.rows]
        found.append(float(best_of([one], np.array(sums))[0]))
    return found


def _share(found: Any) -> float:
    listed = list(found)
    return sum(listed) / len(listed) if listed else 0.0
