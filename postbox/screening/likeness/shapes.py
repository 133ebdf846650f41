"""What a name looks like: two names with one shape are the same to a hurried eye.

Decides which letters count as one: those that other scripts draw alike (the part of Unicode's confusables, TS 39, that
domains and names are forged with), letters without their marks, digits for letters, and pairs that run together. It
never decides whom a name imitates. Linear.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# Of each letter, what is drawn like it.
_LIKE = {
    "a": "аɑαạ@4",
    "b": "ЬƄв8",
    "c": "сϲⅽ",
    "d": "ԁɗⅾ",
    "e": "еҽє℮3ε",
    "f": "ƒғ",
    "g": "ɡց9",
    "h": "һհн",
    "i": "іıɩιꙇ",
    "j": "јϳ",
    "k": "кκĸ",
    "l": "1|ⅼӏ!ł",
    "m": "мⅿ",
    "n": "ոп",
    "o": "оοօ0ø",
    "p": "рρ",
    "q": "ԛգ",
    "r": "гᴦ",
    "s": "ѕʂ5$",
    "t": "тτ7",
    "u": "υսц",
    "v": "ѵνⅴ",
    "w": "ԝшω",
    "x": "хχⅹ",
    "y": "уүγ",
    "z": "ᴢ2ż",
}
_LETTERS = str.maketrans({sign: letter for letter, signs in _LIKE.items() for sign in signs} | {"i": "l", "j": "l"})
_MARKS = dict.fromkeys(range(768, 880))
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_KEPT = 8192


@lru_cache(_KEPT)
def shape(text: str) -> str:
    """What a word looks like: letters a to z for those drawn alike; other signs as they are. No blanks are touched."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).translate(_MARKS)
    text = text.casefold().translate(_LETTERS).translate(_LETTERS)
    for pair, one in _PAIRS:
        text = text.replace(pair, one)
    return text


def shown(domain: str) -> str:
    """A domain as a reader is shown it: labels of Punycode (RFC 3492) decoded where they can be."""
    if "xn--" not in domain:
        return domain
    return ".".join(_decoded(label) for label in domain.split("."))


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label


def one_off(text: str) -> set[str]:
    """The text, and it without each of its letters: two texts that share one of these differ by one edit or a swap."""
    return {text, *(text[:at] + text[at + 1 :] for at in range(len(text)))}
