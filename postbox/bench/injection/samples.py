"""Texts as rows of features, for training.

Decides how a text's sentences become rows of a sparse matrix. Words and classes are weighed alike; the first look's
rows hold words alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
from scipy import sparse

from postbox.screening.model.features import BITS, LONGEST, parts, pieces, signs
from postbox.screening.model.look import COMPANY, FOREIGN, SENTENCE, glance, is_foreign
from postbox.screening.model.marks import is_mark, marked

CLASS_WEIGHT: Final = 1.0
Row = tuple[bytes, tuple[str, ...]]
"""The places of a sentence's features, in order, as the octets of whole numbers (int32), and its words."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One text: the features and words of its sentences and their parts, what each gains by where it stands, and the
    place of its sentence in the text.
    """

    rows: tuple[Row, ...]
    gains: tuple[float, ...]
    places: tuple[int, ...]


def sample(text: str, most: int = 4000) -> Sample:
    """The features of a text's sentences, or of their pieces; of the first ``most`` of them."""
    rows: list[Row] = []
    gains: list[float] = []
    places: list[int] = []
    reading = marked(text)
    for at, (sentence, words) in enumerate(reading.sentences):
        if is_mark(words):
            continue
        looked = [(sentence, piece, piece) for piece in pieces(words) if piece]
        if len(words) < LONGEST:
            looked += [(part, own, words) for part, own in parts(sentence[:SENTENCE])]
        rows += [(_octets(signs(own, part)), tuple(own)) for part, own, _ in looked]
        under = reading.gains.get(at, 0.0)
        gains += [under + FOREIGN * is_foreign(own, reading.sentences, whole) for _, own, whole in looked]
        places += [at] * len(looked)
        if len(rows) >= most:
            break
    return Sample(tuple(rows[:most]), tuple(gains[:most]), tuple(places[:most]))


def matrix(rows: Sequence[Row]) -> Any:
    """Rows of features as a sparse matrix of ones."""
    columns = np.frombuffer(b"".join([row[0] for row in rows]), dtype=np.int32)
    return _sparse(columns, [len(row[0]) // 4 for row in rows], 1 << BITS)


def word_matrix(rows: Sequence[Row], places: dict[str, int]) -> Any:
    """Rows of what the first look adds up, by its places; what has none is left out."""
    found = [[places[sign] for sign in glance(row[1]) if sign in places] for row in rows]
    return _sparse(np.array(list(chain.from_iterable(found)), dtype=np.int32), list(map(len, found)), len(places))


def places_of(row: Row) -> Any:
    """The places of a row's features."""
    return np.frombuffer(row[0], dtype=np.int32)


def _octets(places: set[int]) -> bytes:
    return np.array(sorted(places), dtype=np.int32).tobytes()


def _sparse(columns: Any, lengths: Sequence[int], width: int) -> Any:
    ends = np.concatenate([[0], np.cumsum(np.array(lengths, dtype=np.int64))])
    values = np.ones(len(columns), dtype=np.float32)
    return sparse.csr_matrix((values, columns, ends), shape=(len(lengths), width))


def best_of(samples: Sequence[Sample], sums: Any) -> Any:
    """The largest of each sample's sums with what they gain, in a row; -20 for a text without words."""
    found, at = [], 0
    for one in samples:
        own = sums[at : at + len(one.rows)]
        found.append(float((own + np.array(one.gains) + COMPANY * _company(one, own)).max()) if one.rows else -20.0)
        at += len(one.rows)
    return np.array(found)


def _company(one: Sample, own: Any) -> Any:
    """For each row, how far the sentences before and after its own are above even odds."""
    places = np.array(one.places)
    highest = np.zeros(places[-1] + 3)
    np.maximum.at(highest, places + 1, own)
    return highest[places] + highest[places + 2]
