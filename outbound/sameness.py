"""Whether two texts say the same: an exact keyed hash, and a similarity hash that survives salt.

Decides what is left out before texts are compared: case, digits, blanks, punctuation, addresses and long random words,
so that a counter, a date or a tracking number makes no new text. It never decides how many equal texts are too many.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

from django.conf import settings

from postbox.lib.envelope import MasterKeys

_NOT_WORDS = re.compile(r"[^\w@./:]+|_+")
_HAS_DIGIT = re.compile(r"\d")
_ADDRESS_LIKE = re.compile(r"@|://|\.\w")
_LONGEST_WORD = 24
_COMPARED = 20_000  # characters: what follows adds nothing to what an agent repeats
_BITS, _OCTETS = 64, 8
# What _NOT_WORDS does, for ASCII in a tenth of the time.
_PLAIN = str.maketrans({c: " " for c in map(chr, range(128)) if _NOT_WORDS.match(c)})
# Most mails are made of the same few thousand words.
_WORDS_KEPT = 16_384
# Of 64 bits; two texts of which a word in twenty differs are nearer than this, unrelated ones lie about 32 apart.
NEAR = 10


def prints(subject: str, text: str) -> tuple[bytes, int]:
    """The fingerprint of a mail's subject and text, and the similarity of its text."""
    words = _words(text)
    return _fingerprint([*_words(subject), *words]), _similarity(words)


def similarity(text: str) -> int:
    """A signed 64-bit similarity hash (Charikar 2002) over the text's pairs of words, keyed as the fingerprint is."""
    return _similarity(_words(text))


def distance(first: int, second: int) -> int:
    """In how many bits two similarity hashes differ: 0 to 64."""
    return ((first ^ second) & ((1 << _BITS) - 1)).bit_count()


def _words(text: str) -> list[str]:
    """The words that carry meaning, in their order, folded."""
    folded = text[:_COMPARED].casefold()
    words = (folded.translate(_PLAIN) if folded.isascii() else _NOT_WORDS.sub(" ", folded)).split()
    short = [word for word in words if len(word) <= _LONGEST_WORD]
    # Nearly all are letters and nothing else.
    return [plain for word in short if (plain := word if word.isalpha() else _stripped(word))]


def _stripped(word: str) -> str:
    """Without the punctuation around it; nothing where it is a number, an address or a link."""
    return "" if _HAS_DIGIT.search(word) or _ADDRESS_LIKE.search(word) else word.strip("./:")


def _fingerprint(words: Sequence[str]) -> bytes:
    """The keyed hash of the words: 32 octets."""
    key = settings.POSTBOX_MASTER_KEYS.derive("outbound-sameness")
    return hmac.digest(key, " ".join(words).encode("utf-8", "replace"), "sha256")


def _similarity(words: Sequence[str]) -> int:
    digests = _pairs(words)
    total = len(digests) // _OCTETS
    masks = [int.from_bytes(bytes((1 << bit,)) * total, "big") for bit in range(8)]
    value = 0
    for place in range(_OCTETS):
        column = int.from_bytes(digests[place::_OCTETS], "big")  # one octet of every digest
        for bit, mask in enumerate(masks):
            if 2 * (column & mask).bit_count() > total:
                value |= 1 << (_BITS - 8 - 8 * place + bit)
    return value - (1 << _BITS) if value >> (_BITS - 1) else value


def _pairs(words: Sequence[str]) -> bytes:
    """A digest of each pair of neighbours, one after the other; of a single word, its own.

    A pair's digest is that of its first word as a first, combined with that of its second as a second: as good as one
    of both words for telling texts apart, and all pairs are combined at once.
    """
    keys = settings.POSTBOX_MASTER_KEYS
    digests = [_digests(keys, word) for word in words]
    firsts = b"".join([first for first, _ in digests])
    if len(words) < 2:
        return firsts
    seconds = b"".join([second for _, second in digests[1:]])
    combined = int.from_bytes(firsts[:-_OCTETS], "big") ^ int.from_bytes(seconds, "big")
    return combined.to_bytes(len(seconds), "big")


@lru_cache(_WORDS_KEPT)
def _digests(keys: MasterKeys, word: str) -> tuple[bytes, bytes]:
    """The keyed hashes of a word as the first and as the second of a pair, of eight octets each."""
    key = keys.derive("outbound-similarity")[:32]
    both = blake2b(word.encode("utf-8", "replace"), digest_size=2 * _OCTETS, key=key).digest()
    return both[:_OCTETS], both[_OCTETS:]
