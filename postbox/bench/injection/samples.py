"""Texts as rows of features, for training.

Decides how a text's sentences become rows of a sparse matrix. Words and classes are weighed alike; the first look's
rows hold words alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import sparse

from postbox.screening.model.features import BITS, pieces, sentences, signs
from postbox.screening.model.look import glance

CLASS_WEIGHT: Final = 1.0
Row = tuple[frozenset[int], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One text: its sentences' features and words; at most ``most`` of them."""

    rows: tuple[Row, ...]


def sample(text: str, most: int = 4000) -> Sample:
    """The features of a text."""
    rows: list[Row] = []
    for sentence, words in sentences(text):
        rows += [(frozenset(signs(piece, sentence)), tuple(piece)) for piece in pieces(words) if piece]
        if len(rows) >= most:
            break
    return Sample(tuple(rows[:most]))


def matrix(rows: Sequence[Row]) -> Any:
    """Rows of features as a sparse matrix of ones."""
    return _sparse([row[0] for row in rows], 1 << BITS)


def word_matrix(rows: Sequence[Row], places: dict[str, int]) -> Any:
    """Rows of what the first look adds up, by its places; what has none is left out."""
    return _sparse([[places[sign] for sign in glance(row[1]) if sign in places] for row in rows], len(places))


def _sparse(rows: Iterable[Iterable[int]], width: int) -> Any:
    columns, ends = [], [0]
    for row in rows:
        columns.append(np.fromiter(sorted(row), dtype=np.int32))
        ends.append(ends[-1] + len(columns[-1]))
    joined = np.concatenate(columns) if columns else np.zeros(0, np.int32)
    values = np.ones(len(joined), dtype=np.float32)
    return sparse.csr_matrix((values, joined, np.array(ends)), shape=(len(ends) - 1, width))


def best_of(samples: Sequence[Sample], sums: Any) -> Any:
    """The largest of each sample's sums, in a row; -20 for a text without words."""
    found, at = [], 0
    for one in samples:
        found.append(float(sums[at : at + len(one.rows)].max()) if one.rows else -20.0)
        at += len(one.rows)
    return np.array(found)
