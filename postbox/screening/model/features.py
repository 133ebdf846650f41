"""What the model looks at in a sentence, as numbers of a table of weights.

Decides how a text falls into sentences and words, and which features a sentence has: its words alone, in twos and
threes, its word stems, and the classes of its words (``lexicon``) in order and together. It knows no weight.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import combinations, repeat
from operator import and_
from typing import Final
from zlib import crc32

from postbox.screening.model.lexicon import CLASSES, ORDERS

BITS: Final = 18
MASK: Final = (1 << BITS) - 1
LONGEST: Final = 48
STEP: Final = 36

_OPENING = str.maketrans({">": " ", "\r": " ", "\t": " ", "\xa0": " ", "|": " ", "\x0b": "\n", "\x0c": "\n"})
_ENDS = tuple((end + blank, end + "\n\n") for end in ".!?" for blank in " \n") + (
    ("\n- ", "\n\n- "),
    ("\n* ", "\n\n* "),
    ("\n• ", "\n\n• "),
)
_WIDE_ENDS = tuple((end, end + "\n\n") for end in "。！？।")
_BLANKS = str.maketrans(
    dict.fromkeys("!\"#&()*,;=?[]^`{}~<>$%+\\“”‘«»„…·—–。，、！？：；（）【】「」《》।|", " ") | {"’": "'"}
)
_EDGES: Final = ".:-_'/"
_CJK = re.compile("([\u3040-\u30ff\u3400-\u9fff])")
_NO_WORD: Final = repeat("")
_NUMBER = re.compile(r"[\d.,:/-]+(?:st|nd|rd|th|am|pm|px|gb|mb|kb|k|m|x)?").fullmatch
_IBAN = re.compile(r"[a-z]{2}\d{2}[a-z0-9]{10,30}").fullmatch
_DOMAIN = re.compile(r"(?:https?:/+|www\.)\S+|(?:[\w-]+\.)+(?:com|org|net|io|co|info|biz|xyz|example|test|dev|app|ai)(?:/\S*)?")
_FILE = re.compile(r"[\w./-]*\w\.(?:txt|docx?|pdf|xlsx?|csv|py|js|sh|exe|zip|json|md|html?|pptx?|jpg|png)").fullmatch


def sentences(text: str) -> list[str]:
    """The sentences of a text: they end at full stops, blank lines and list items, not at line ends."""
    text = "\n".join(map(str.strip, text.translate(_OPENING).split("\n")))
    for end, apart in _ENDS:
        text = text.replace(end, apart)
    if not text.isascii():
        for end, apart in _WIDE_ENDS:
            text = text.replace(end, apart)
    return [sentence for sentence in text.split("\n\n") if sentence]


def tokens(sentence: str) -> list[str]:
    """The words of a sentence in lower case; Chinese and Japanese characters stand alone."""
    if not sentence.isascii():
        sentence = _CJK.sub(r" \1 ", sentence)
    return [word for word in map(str.strip, sentence.lower().translate(_BLANKS).split(), repeat(_EDGES)) if word]


def pieces(words: list[str]) -> Iterator[list[str]]:
    """A long sentence in overlapping pieces of ``LONGEST`` words."""
    if len(words) <= LONGEST:
        yield words
        return
    for start in range(0, len(words) - LONGEST + STEP, STEP):
        yield words[start : start + LONGEST]


def shape(word: str) -> str:
    """What stands for a word that is no word: an address, a number, a name of code."""
    if "@" in word and len(word) > 3:
        return "\x01email"
    if _NUMBER(word):
        return "\x01number"
    if _IBAN(word):
        return "\x01iban"
    if _FILE(word):
        return "\x01file"
    if _DOMAIN.fullmatch(word):
        return "\x01url"
    if "_" in word:
        return "\x01snake"
    return word


_SHAPES: Final = {
    "\x01email": "@", "\x01number": "#", "\x01iban": "$", "\x01file": "%", "\x01url": "/", "\x01snake": "_",
}  # fmt: skip


def classes(words: list[str]) -> str:
    """The classes of a sentence's words, in order; words without one leave no trace."""
    return "".join(map(CLASSES.get, words, _NO_WORD))


def signs(words: list[str], sentence: str) -> Iterable[int]:
    """The features of one sentence (at most ``LONGEST`` of its words) as places in the table, each once."""
    words = [word if word.isalpha() else shape(word) for word in words]
    order = "".join(CLASSES.get(word, "") or _SHAPES.get(word, "") for word in words)
    start = _start(words, order)
    octets = [word.encode() for word in words]
    ones = list(map(crc32, octets))
    twos = list(map(crc32, octets[1:], ones))
    threes = map(crc32, octets[2:], twos)
    found = {*ones, *twos, *threes}
    found.update([crc32(b"\x02" + octet[:5]) for octet in octets if len(octet) > 5])
    found.update(map(crc32, _class_signs(order, start, sentence, len(words))))
    return set(map(and_, found, repeat(MASK)))


def _start(words: list[str], order: str) -> str:
    """The class of the verb that opens the sentence, when it opens with an order."""
    for word in words[:3]:
        letter = CLASSES.get(word, "")
        if letter in ORDERS and letter:
            return letter
        if letter not in "p!?zy":
            return ""
    return ""


def _class_signs(order: str, start: str, sentence: str, length: int) -> list[bytes]:
    kinds = sorted(set(order))
    found = ["\x03" + order[at : at + 2] for at in range(len(order) - 1)]
    found += ["\x03" + order[at : at + 3] for at in range(len(order) - 2)]
    found += ["\x04" + kind for kind in kinds]
    found += ["\x05" + one + other for one, other in combinations(kinds, 2)]
    found.append("\x07" + order[:3])
    found.append(f"\x08{min(length, 40) // 4}")
    found.append(f"\x08end{sentence[-1:] if sentence[-1:] in '?!.:' else ''}")
    if start:
        found.append("\x06" + start)
        found += ["\x06" + start + kind for kind in kinds]
    if '"' in sentence or "“" in sentence or " '" in sentence:
        found.append("\x09quote")
        found += ["\x09quote" + start]
    if length > 4 and sentence.isupper():
        found.append("\x09capitals")
    return [sign.encode() for sign in found]
