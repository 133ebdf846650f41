"""A text looked at sentence by sentence: a quick look at all words, a full one at the sentences that remain.

Decides which sentence reads most like an order to software, by its words and by whether the rest of the text shares any
of them, and which of its words weigh most. What the sum means for the score is ``postbox.screening.injection``'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import filterfalse, repeat
from typing import Final, NamedTuple
from zlib import crc32

from postbox.screening.model.features import LONGEST, MASK, Sentence, parts, pieces, shape, signs
from postbox.screening.model.lexicon import CLASSES
from postbox.screening.model.marks import Reading, is_mark
from postbox.screening.model.weights import ZERO, Weights

MOST_SENTENCES: Final = 240
"""Sentences that the rules see; those of the highest first sums are taken where more would."""
MOST_LOOKS: Final = 20
"""Sentences, or pieces of long ones, that get a full look, likewise."""

FOREIGN: Final = 1.6
"""What a sentence's sum gains, in log-odds, where ``is_foreign`` says that it stands in a text that is not its own."""

COMPANY: Final = 0.3
"""The share of what the sentences just before and after it are above even odds that a sentence's sum gains."""

Candidate = tuple[int, int, str, list[str], float]
"""The first sum, the sentence's place, the sentence, its words or a piece of them, what it gains under a mark."""
_NONE: Final = repeat(0)
SENTENCE: Final = 2000
_OPENS: Final = "^"  # in no word
_MOST_KEPT: Final = 20_000
_NEAR: Final = 5.0  # so much below the threshold the model is no evidence, even with what it gains
_TELLING: Final = 4
_REST: Final = 8
_may_hold_marker: Final = re.compile(r"[<|>\[{`#!][|<\[/I\"`!#]").search
_MARKERS: Final = ("<|", "|>", "[INST", "[/", "<<", "</", '{"', "```", "<!--", "###", "![")


@dataclass(frozen=True, slots=True)
class Strongest:
    """The sum of the strongest sentence, that sentence, its words, and whether the rest of the text shares none."""

    sum: float
    sentence: str
    words: list[str]
    foreign: bool


class _Forms(dict[str, str]):
    """The form of each word that is not of letters alone (an address, a number, an account), worked out once."""

    def __missing__(self, word: str) -> str:
        if len(self) >= _MOST_KEPT:
            self.clear()
        form = self[word] = _OPENS + stands_for[1:] if (stands_for := shape(word))[0] == "\x01" else ""
        return form


_form: Final = _Forms().__getitem__


def glance(words: Sequence[str]) -> list[str]:
    """What the first look adds up: the words, the one that opens the sentence, and the forms of what is no word."""
    return [*words, *(_OPENS + word for word in words[:1]), *filter(None, map(_form, filterfalse(str.isalpha, words)))]


def candidates(text: str, reading: Reading, weights: Weights) -> list[Candidate]:
    """The sentences that pass the first look, with their first sums: those that the text's rules need see too.

    One with marks of code or roles always passes, and so does one that stands under such a mark.
    """
    get, least = weights.first.get, weights.first_least
    markers = [marker for marker in _MARKERS if marker in text] if _may_hold_marker(text) else []
    under = reading.gains
    found = []
    for at, (sentence, words) in enumerate(reading.sentences):
        for piece in (words,) if len(words) <= LONGEST else pieces(words):
            first = _first_sum(piece, get)
            if first >= least or at in under or (markers and any(map(sentence[:SENTENCE].__contains__, markers))):
                found.append((first, at, sentence, piece, under.get(at, 0.0)))
    if len(found) > MOST_SENTENCES:
        found = sorted(found, key=_worth)[:MOST_SENTENCES]
    return found


def _first_sum(words: list[str], get: Callable[[str, int], int]) -> int:
    opening = get(_OPENS + words[0], 0) if words else 0
    return sum(map(get, words, _NONE), opening) + sum(map(get, map(_form, filterfalse(str.isalpha, words)), _NONE))


def strongest(found: Sequence[Candidate], reading: Reading, weights: Weights) -> Strongest | None:
    """The candidate that reads most like an order, by itself, by where it stands and by what is next to it."""
    best: Strongest | None = None
    if len(found) > MOST_LOOKS:
        found = sorted(found, key=_worth)[:MOST_LOOKS]
    looks = list(_looks(found, weights))
    highest: dict[int, float] = {}
    for look in looks:
        highest[look.at] = max(look.own, highest.get(look.at, 0.0))
    for look in looks:
        total = look.own + look.gain + COMPANY * (highest.get(look.at - 1, 0.0) + highest.get(look.at + 1, 0.0))
        reaches = total + _NEAR > weights.threshold and (not best or total + FOREIGN > best.sum)
        foreign = reaches and is_foreign(look.words, reading.sentences, look.whole)
        total += FOREIGN * foreign
        if not best or total > best.sum:
            best = Strongest(total, look.sentence, look.words, foreign)
    return best


class _Look(NamedTuple):
    """A sentence or a part of one: its place, its sum by itself, what it gains under a mark, the words of the whole."""

    at: int
    sentence: str
    words: list[str]
    whole: list[str]
    own: float
    gain: float


def _looks(found: Iterable[Candidate], weights: Weights) -> Iterator[_Look]:
    value = weights.table.__getitem__
    for at, sentence, words, whole, gain in _with_parts(found, weights):
        if is_mark(words):  # evidence by itself, and no order
            continue
        places = signs(words, sentence[:SENTENCE])
        own = (sum(map(value, places)) - ZERO * len(places)) * weights.step + weights.bias
        yield _Look(at, sentence, words, whole, own, gain)


def _worth(candidate: Candidate) -> tuple[float, int]:
    """What stands under a mark first, then by the first sum."""
    first, _, _, _, gain = candidate
    return -gain, -first


def _with_parts(found: Iterable[Candidate], weights: Weights) -> Iterator[tuple[int, str, list[str], list[str], float]]:
    """Each candidate and those of its parts that pass the first look by themselves: the place, the part, its words, the
    words of the whole, what it gains.
    """
    for _, at, sentence, words, gain in found:
        yield at, sentence, words, words, gain
        if len(words) < LONGEST:
            for part, own in parts(sentence[:SENTENCE]):
                if gain or _first_sum(own, weights.first.get) >= weights.first_least:
                    yield at, part, own, words, gain


def is_foreign(words: list[str], found_sentences: Sequence[Sentence], whole: list[str] | None = None) -> bool:
    """Whether no other sentence of a text has any of this sentence's longer words, addresses or numbers.

    One of words alone has to share small ones with the rest: in another language than that it would share none at all.

    What people ask of each other goes on about what the mail is about; a planted order does not. A piece of a long
    sentence is never foreign, nor is one in a text that says next to nothing else.
    """
    if len(words) >= LONGEST:
        return False
    forms = {word for word in words if not word.isalpha() and _form(word)}
    own = forms.union(word for word in words if len(word) >= _TELLING)
    whole = whole or words
    if not own or any(not own.isdisjoint(other) and other != whole for _, other in found_sentences):
        return False
    others = [other for _, other in found_sentences if other != whole]
    if sum(map(len, others)) < _REST:
        return False
    return bool(forms) or not all(map(own.symmetric_difference(words).isdisjoint, others))


def weightiest(words: list[str], weights: Weights) -> tuple[str, ...]:
    """Up to three words that by themselves speak most for an order, in the order of the sentence."""
    sums = {}
    for word in words:
        letter = CLASSES.get(word, "")
        own = weights.table[crc32(shape(word).encode()) & MASK] - ZERO
        sums[word] = own + (weights.table[crc32(b"\x04" + letter.encode()) & MASK] - ZERO if letter else 0)
    top = sorted((word for word in sums if sums[word] > 0 and len(word) > 1), key=lambda word: -sums[word])[:3]
    return tuple(word for word in dict.fromkeys(words) if word in top)
