"""Whether two texts say the same: an exact keyed hash, and a similarity hash that survives salt.

Decides what is left out before texts are compared: case, digits, blanks, punctuation, addresses and long random words,
so that a counter, a date or a tracking number makes no new text. It never decides how many equal texts are too many.
"""

from __future__ import annotations

import hmac
import re
from collections import Counter
from hashlib import blake2b

from django.conf import settings

_NOT_WORDS = re.compile(r"[^\w@./:]+|_+")
_HAS_DIGIT = re.compile(r"\d")
_ADDRESS_LIKE = re.compile(r"@|://|\.\w")
_LONGEST_WORD = 24
_COMPARED = 20_000  # characters: what follows adds nothing to what an agent repeats
_BITS, _OCTETS = 64, 8
# For each bit of an octet, what a table of octets has where it is set.
_IS_SET = tuple(bytes(octet >> bit & 1 for octet in range(256)) for bit in range(8))
# Of 64 bits; two texts of which a word in twenty differs are nearer than this, unrelated ones lie about 32 apart.
NEAR = 10


def normalised(text: str) -> str:
    """The words that carry meaning, in their order, folded."""
    words = _NOT_WORDS.sub(" ", text[:_COMPARED].casefold()).split()
    return " ".join(word.strip("./:") for word in words if _counts(word))


def _counts(word: str) -> bool:
    if word.isalpha():  # nearly all of them
        return len(word) <= _LONGEST_WORD
    return not _HAS_DIGIT.search(word) and not _ADDRESS_LIKE.search(word) and len(word) <= _LONGEST_WORD


def fingerprint(text: str) -> bytes:
    """The keyed hash of the normalised text: 32 octets."""
    key = settings.POSTBOX_MASTER_KEYS.derive("outbound-sameness")
    return hmac.digest(key, normalised(text).encode("utf-8", "replace"), "sha256")


def similarity(text: str) -> int:
    """A signed 64-bit similarity hash (Charikar 2002) over the text's pairs of words, keyed as the fingerprint is."""
    words = normalised(text).split()
    pairs = Counter(zip(words, words[1:], strict=False)) if len(words) > 1 else Counter([(word, "") for word in words])
    key = settings.POSTBOX_MASTER_KEYS.derive("outbound-similarity")[:32]
    digests = b"".join(
        blake2b(f"{first} {second}".encode("utf-8", "replace"), digest_size=_OCTETS, key=key).digest() * count
        for (first, second), count in pairs.items()
    )
    total = len(digests) // _OCTETS
    value = 0
    for place in range(_OCTETS):
        column = digests[place::_OCTETS]  # one octet of every digest, in which each bit is counted at once
        for bit, is_set in enumerate(_IS_SET):
            if 2 * column.translate(is_set).count(1) > total:
                value |= 1 << (_BITS - 8 - 8 * place + bit)
    return value - (1 << _BITS) if value >> (_BITS - 1) else value


def distance(first: int, second: int) -> int:
    """In how many bits two similarity hashes differ: 0 to 64."""
    return ((first ^ second) & ((1 << _BITS) - 1)).bit_count()
