"""How good the score is on attacks of sources of which it has seen others.

Decides the folds: each source falls into parts of like texts kept together, a model is made without one part of every
source at once, and judged on those parts, planted in honest mail that it has not seen either.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from postbox.bench.injection.corpora import Corpora
from postbox.bench.injection.judging import Judged, carriers, plant
from postbox.bench.injection.training import Material, fit, weights
from postbox.screening.injection import detect_prompt_injection, is_quarantined
from postbox.screening.model.features import sentences

FOLDS: Final = 4
ALIKE: Final = 0.5
"""The share of the words of two texts that they have in common from which on they are kept in one fold."""


def judge_folds(judged: Judged, corpora: Corpora, material: Material, slope: float) -> None:
    """Add to ``judged`` the share of each source that is caught by models which have seen the rest of it."""
    parts = {source: folds(attacks) for source, attacks in corpora.attacks.items()}
    for fold in range(FOLDS):
        half = fold % 2
        reduced = without(material, parts, fold)
        shipped = weights(reduced, fit(reduced, half=half), judged.threshold, slope, (), half)
        unseen = carriers(corpora, 1 - half)
        for source, attacks in corpora.attacks.items():
            dice = random.Random(f"{source}{fold}")  # noqa: S311 (no secret; the same plantings in every run)
            left = [text for text, own in zip(attacks, parts[source], strict=True) if own == fold]
            caught = [detect_prompt_injection(plant(text, unseen, dice), (), shipped).score for text in left]
            share = sum(map(is_quarantined, caught)) / len(attacks)
            judged.within[source] = judged.within.get(source, 0.0) + share


def folds(texts: Sequence[str], count: int = FOLDS) -> list[int]:
    """The fold of each text: groups of like ones, the largest first, each into the fold that has the fewest texts."""
    groups = _groups([_words(text) for text in texts])
    sizes, found = [0] * count, [0] * len(texts)
    for group in sorted(groups, key=len, reverse=True):
        fold = sizes.index(min(sizes))
        sizes[fold] += len(group)
        for at in group:
            found[at] = fold
    return found


def without(material: Material, parts: dict[str, list[int]], fold: int) -> Material:
    """The material without one fold of each of these sources."""
    attacks = {
        source: [one for one, own in zip(samples, parts[source], strict=True) if own != fold]
        if source in parts
        else samples
        for source, samples in material.attacks.items()
    }
    return replace(material, attacks=attacks)


def _words(text: str) -> frozenset[str]:
    return frozenset(word for _, words in sentences(text) for word in words)


def _groups(texts: Sequence[frozenset[str]]) -> list[list[int]]:
    """Texts that are alike in one group, and with them whatever is like any of these."""
    groups: list[list[int]] = []
    for at, words in enumerate(texts):
        like = [group for group in groups if any(_alike(words, texts[other]) for other in group)]
        groups = [group for group in groups if group not in like]
        groups.append([other for group in like for other in group] + [at])
    return groups


def _alike(words: frozenset[str], others: frozenset[str]) -> bool:
    return bool(words) and len(words & others) >= ALIKE * len(words | others)
