"""A text's fingerprints: one keyed hash of all of it, and some that nearly equal texts share.

Decides what is left out before texts are compared: case, blanks, and for likeness also punctuation, and every word that
holds a digit, an at sign or a slash, so that a name, a counter or a tracking link makes no new text. It never decides
what equal texts mean. All hashes are keyed: they tell nobody without the key what a mail said.

Likeness is MinHash by one permutation (Li, Owen, Zhang 2012) over pairs of neighbouring words, an empty bin borrowing
from its neighbour (Shrivastava, Li 2014), in bands: of two texts that share 80 % of their pairs, nearly all have two
bands in common; of two that share 30 %, one in fifty. Unlike the similarity hash of postbox's own sent mail
(outbound.sameness), which compares an agent's last few, a band is found by an index among all.
"""

from __future__ import annotations

import re
import string
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from operator import xor

from django.conf import settings

from postbox.lib.envelope import MasterKeys

# A shorter text says what many say by chance: "Thank you, I will look at it tomorrow".
FEWEST_WORDS = 12
FEWEST_PAIRS = 20
BANDS = 8
NEAR_BANDS = 2
_COMPARED = 5_000  # characters: what follows makes no other text of it
_LONGEST_WORD = 24
_BITS = 30  # what an integer of one digit holds, for speed
_BINS = BANDS * 3
_EDGES = [number * (1 << _BITS) // _BINS for number in range(_BINS)]
_MOST_KEPT = 40_000
_BLANKS = str.maketrans(dict.fromkeys(set(string.punctuation) - set("@/"), " "))
_ADDRESS_LIKE = re.compile(r"(?<!\S)[^\s@/\d]*+[@/\d]\S*+")
# A letter of a script that puts no blanks between words (Thai to Khmer, Chinese, Japanese) is a word of its own.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf"
_LETTERS = re.compile(rf"[{_UNSPACED}]|[^\W\d_{_UNSPACED}]++")


@dataclass(frozen=True, slots=True)
class Prints:
    """Hashes as 32 hexadecimal digits each; ``bands`` is empty where the text is too short to be like another."""

    exact: str
    bands: tuple[str, ...] = ()


class _Hashed(dict[str, int]):
    """Keyed hashes of words, each made once: mail repeats its words."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._key = key

    def __missing__(self, word: str) -> int:
        if len(self) >= _MOST_KEPT:
            self.clear()
        digest = blake2b(word.encode("utf-8", "replace"), digest_size=8, key=self._key).digest()
        value = self[word] = int.from_bytes(digest) >> (64 - _BITS + 1)
        return value


def prints_of(text: str) -> Prints | None:
    """The fingerprints of a text; None where it is too short to be told from others. Linear, and bounded in words."""
    words = _words(text)
    if len(words) < FEWEST_WORDS:
        return None
    key, hashed = _keys()
    plain = " ".join(text.casefold().split()).encode("utf-8", "replace")
    exact = blake2b(plain, digest_size=16, key=key).hexdigest()
    hashes = list(map(hashed.__getitem__, words))
    pairs = set(map(xor, hashes, [value << 1 for value in hashes[1:]]))  # so that their order counts
    return Prints(exact, _bands(sorted(pairs), key) if len(pairs) >= FEWEST_PAIRS else ())


def _words(text: str) -> list[str]:
    text = text[:_COMPARED].casefold()
    if text.isascii():
        words = list(filter(str.isalpha, text.translate(_BLANKS).split()))
    else:
        words = _LETTERS.findall(_ADDRESS_LIKE.sub(" ", text))
    if max(map(len, words), default=0) <= _LONGEST_WORD:
        return words
    return [word for word in words if len(word) <= _LONGEST_WORD]


def _bands(pairs: Sequence[int], key: bytes) -> tuple[str, ...]:
    """The smallest value of each bin, some to a band. ``pairs`` are in order: what follows a bin is its neighbour's."""
    count, at, least = len(pairs), 0, []
    for edge in _EDGES:
        at = bisect_left(pairs, edge, at)
        least.append(pairs[at] if at < count else pairs[0])
    return tuple(
        blake2b(
            (band << 3 * _BITS | first << 2 * _BITS | second << _BITS | third).to_bytes(16), digest_size=16, key=key
        ).hexdigest()
        for band, (first, second, third) in enumerate(zip(least[::3], least[1::3], least[2::3], strict=True))
    )


@lru_cache(1)
def _keys_of(master: MasterKeys) -> tuple[bytes, _Hashed]:
    return master.derive("fingerprint"), _Hashed(master.derive("fingerprint-words"))


def _keys() -> tuple[bytes, _Hashed]:
    return _keys_of(settings.POSTBOX_MASTER_KEYS)
