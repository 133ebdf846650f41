"""The model's training: a linear model of sentences, of which an attack needs only one.

Decides what is learnt from (grammar's texts, attacks of the corpora, honest mail), the weights of each, and the order:
all sentences of an attack at first, then its strongest alone, with the honest sentences that came near weighed more.
The same corpora give the same weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import sparse

from postbox.bench.injection import texts
from postbox.bench.injection.corpora import WRITTEN, Corpora
from postbox.bench.injection.samples import Sample, best_of, matrix, word_matrix
from postbox.bench.injection.samples import sample as sampled
from postbox.screening.evidence import rules
from postbox.screening.model.lexicon import CLASSES, ORDERS
from postbox.screening.model.look import FOREIGN, glance
from postbox.screening.model.weights import ZERO, Weights

_C: Final = 0.4
_FIRST_C: Final = 0.2
_ROUNDS: Final = 3
_COARSE: Final = 2e-2  # enough to tell which sentences are strongest or near
_FINE: Final = 2e-3
_SEEN_LEAST: Final = 4
_MADE_HONEST: Final = 0.22
_WRITTEN_HONEST: Final = 1.3
_HARD: Final = 4.0
_HARD_FROM: Final = -1.5
# A weight for each attack of a source: more where there are few, less where many are near to what people write.
_WEIGHTS: Final = (
    {"bipia": 4.0, "deepset": 4.0, WRITTEN: 6.0}
    | {f"made:{name}": 0.4 for name in ("play", "de_play")}
    | {f"made:{name}": 0.5 for name in ("framed", "framed_abroad", "aside", "aside_abroad")}
    | {f"made:{name}_attack": 2.5 for name in texts.LANGUAGES}
)
_FIRST_LOST: Final = 0.0003
_FIRST_SEEN: Final = 6
_FIRST_WEIGHT: Final = 0.1
_FIRST_ATTACKS: Final = 30.0
# Sentences with a word that a strong rule begins with get a full look too, unless honest mail is full of it; so do
# those with a verb of orders that it next to never has: of another language, mostly.
_STRONG: Final = 5.0
_SELDOM: Final = 0.0013
_NEVER: Final = 0.0001
_PASSES: Final = 3
_STEP: Final = 1 / 32


@dataclass(slots=True)
class Material:
    """All samples: attacks by source (a grammar's sections begin with ``made:``), honest mails with their half."""

    attacks: dict[str, list[Sample]]
    mails: list[tuple[str, int, Sample]]
    made_honest: list[Sample]
    written_honest: list[Sample]


@dataclass(frozen=True, slots=True)
class Fit:
    """Sums are ``rows @ coefficients + bias``."""

    coefficients: Any
    bias: float

    def best(self, samples: Sequence[Sample]) -> Any:
        """The sum of each sample's strongest sentence."""
        rows = [row for one in samples for row in one.rows]
        return best_of(samples, matrix(rows) @ self.coefficients + self.bias)


def material(corpora: Corpora, scale: float = 1.0) -> Material:
    """The samples of the corpora and of the grammars; ``scale`` makes fewer of the latter."""
    attacks = {source: [sampled(text, 200) for text in found] for source, found in corpora.attacks.items()}
    attacks |= {f"made:{name}": [sampled(text) for text in made] for name, made in texts.attacks(scale).items()}
    mails = [(mail.kind, mail.half, sampled(mail.text)) for mail in corpora.mails]
    made_honest = [sampled(text) for text in [*texts.honest(scale), *corpora.questions]]
    return Material(attacks, mails, made_honest, [sampled(text) for text in corpora.passages])


def fit(material: Material, without: Collection[str] = (), half: int | None = None) -> Fit:
    """A model made without some sources and, where a half is named, with that half of the honest mail alone."""
    honest, honest_weights, real = _honest(material, half)
    rows, owners, weights, owner_weights = _attacks(material, without)
    plus, minus = matrix(rows), matrix(honest)
    live = np.flatnonzero(_columns(plus) + _columns(minus) >= _SEEN_LEAST)
    plus, minus = plus[:, live], minus[:, live]
    for turn in range(_ROUNDS):
        last = turn == _ROUNDS - 1
        row_weights = np.concatenate([honest_weights, weights])
        model = _logistic(minus, plus, row_weights, _C, _FINE if last else _COARSE)
        if last:
            break
        near = minus[:real] @ model.coef_[0] + model.intercept_[0] > _HARD_FROM
        honest_weights[:real] = 1 + _HARD * near
        if turn == 0:
            weights = _strongest(plus @ model.coef_[0], owners, owner_weights)
            kept = weights > 0
            plus, owners, weights = plus[kept], owners[kept], weights[kept]
    coefficients = np.zeros(matrix([]).shape[1], dtype=np.float32)
    coefficients[live] = model.coef_[0]
    return Fit(coefficients, float(model.intercept_[0]))


def _logistic(minus: Any, plus: Any, weights: Any, loss: float, tolerance: float) -> Any:
    from sklearn.linear_model import LogisticRegression  # takes seconds to load, and judging is done without

    labels = np.concatenate([np.zeros(minus.shape[0]), np.ones(plus.shape[0])])
    model = LogisticRegression(C=loss, solver="liblinear", tol=tolerance, max_iter=60, random_state=0)
    return model.fit(sparse.vstack([minus, plus]).tocsr(), labels, sample_weight=weights)


def _columns(rows: Any) -> Any:
    return np.asarray(rows.sum(axis=0)).ravel()


def _honest(material: Material, half: int | None) -> tuple[list[Any], Any, int]:
    """Each different sentence of the mails once, then the made and the written ones; their weights; how many are of
    mails.
    """
    mails = {row: None for _, own, one in material.mails if half is None or own == half for row in one.rows}
    rows = list(mails)
    made = [row for one in material.made_honest for row in one.rows]
    written = [row for one in material.written_honest for row in one.rows]
    weights = [np.ones(len(rows)), np.full(len(made), _MADE_HONEST), np.full(len(written), _WRITTEN_HONEST)]
    return [*rows, *made, *written], np.concatenate(weights), len(rows)


def _attacks(material: Material, without: Collection[str]) -> tuple[list[Any], Any, Any, list[float]]:
    rows: list[Any] = []
    owners: list[int] = []
    weights: list[float] = []
    owner_weights: list[float] = []
    for source, samples in material.attacks.items():
        if source in without:
            continue
        for one in samples:
            rows += one.rows
            owners += [len(owner_weights)] * len(one.rows)
            weight = _WEIGHTS.get(source, 1.0)
            weights += [weight / len(one.rows)] * len(one.rows)
            owner_weights.append(weight)
    return rows, np.array(owners), np.array(weights), owner_weights


def _strongest(sums: Any, owners: Any, owner_weights: list[float]) -> Any:
    """Weights that keep each attack's strongest sentences, at most a quarter of them and four."""
    counts = np.bincount(owners, minlength=len(owner_weights))
    weights = np.zeros(len(owners))
    taken: dict[int, int] = {}
    for at in np.lexsort((-sums, owners)):
        owner = int(owners[at])
        most = max(1, min(4, int(counts[owner]) // 4))
        if taken.get(owner, 0) < most:
            weights[at] = owner_weights[owner] / most
            taken[owner] = taken.get(owner, 0) + 1
    return weights


def first_look(
    material: Material, fitted: Fit, threshold: float, without: Collection[str] = (), half: int | None = None
) -> tuple[dict[str, int], int]:
    """Values of the first look, and the sum below which next to no attack that the full look finds would be lost."""
    attacks = [one for source, samples in material.attacks.items() if source not in without for one in samples]
    rows = [row for one in attacks for row in one.rows]
    sums = matrix(rows) @ fitted.coefficients + fitted.bias
    rows = [row for row, value in zip(rows, sums, strict=True) if value > threshold - FOREIGN]
    honest = list({row: None for _, own, one in material.mails if half is None or own == half for row in one.rows})
    counts = Counter(sign for _, words in [*rows, *honest] for sign in sorted(set(glance(words))))
    places = {
        sign: at for at, sign in enumerate(sorted(sign for sign, count in counts.items() if count >= _FIRST_SEEN))
    }
    plus, minus = word_matrix(rows, places), word_matrix(honest, places)
    row_weights = np.concatenate([np.ones(minus.shape[0]), np.full(plus.shape[0], _FIRST_ATTACKS)])
    model = _logistic(minus, plus, row_weights, _FIRST_C, _FINE)
    values = {sign: round(float(model.coef_[0][places[sign]]) / _STEP) for sign, _ in counts.most_common(len(places))}
    values = {
        sign: value for sign, value in values.items() if abs(value) > _FIRST_WEIGHT / _STEP and sign.isprintable()
    }
    reached = sorted(sum(values.get(sign, 0) for sign in glance(words)) for _, words in rows)
    least = reached[int(_FIRST_LOST * len(reached))]
    common = Counter(word for _, words in honest for word in set(words))
    seldom = [word for word in rules.strong_triggers(_STRONG) if common[word] <= _SELDOM * len(honest)]
    seldom += [word for word, letter in CLASSES.items() if letter in ORDERS and common[word] <= _NEVER * len(honest)]
    return values | dict.fromkeys(sorted(seldom), _PASSES * least), least


def weights(
    material: Material,
    fitted: Fit,
    threshold: float,
    slope: float,
    without: Collection[str] = (),
    half: int | None = None,
) -> Weights:
    """The fitted model as it is shipped: values of one octet, and a first look that has seen no more than the model."""
    values = np.clip(np.round(fitted.coefficients / _STEP), -ZERO, ZERO - 1).astype(np.int16) + ZERO
    first, least = first_look(material, fitted, threshold, without, half)
    table = values.astype(np.uint8).tobytes()
    return Weights(table, first, least, _STEP, fitted.bias, threshold, slope)
