"""What the model looks at in a sentence, as numbers of a table of weights.

Decides how a text falls into sentences and words, and which features a sentence has: its words alone, in twos and
threes, its word stems, and the classes of its words (``lexicon``) in order and together. It knows no weight.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import combinations, repeat
from operator import add, and_
from typing import Final
from zlib import crc32

from postbox.screening.distilling.words import words as listed
from postbox.screening.model.lexicon import CLASSES, ORDERS

BITS: Final = 20
MASK: Final = (1 << BITS) - 1
LONGEST: Final = 48
STEP: Final = 36

_OPENING = bytes.maketrans(b"\r\t\x0b\x0c", b"  \n\n")
Sentence = tuple[str, list[str]]
"""A sentence as it stands and its words in lower case."""

_QUOTES: Final = " >|"
_QUOTED = repeat(_QUOTES)
_ENDS = tuple((end + blank, end + "\n\n") for end in ".!?" for blank in " \n") + (
    ("\n- ", "\n\n- "),
    ("\n* ", "\n\n* "),
    ("\n• ", "\n\n• "),
)
_WIDE_ENDS = tuple((end, end + "\n\n") for end in "。！？।")
_ASCII_BLANKS = bytes.maketrans(b'!"#&()*,;=?[]^`{}~<>$%+\\|', b" " * 25)
_WIDE_BLANKS: Final = "“”‘«»„…·—–。，、！？：；（）【】「」《》।"
_EDGES: Final = ".:-_'/"
_CJK: Final = (range(0x3040, 0x3100), range(0x3400, 0xA000))
_NUMBER = re.compile(r"[\d.,:/-]{1,40}(?:st|nd|rd|th|am|pm|px|gb|mb|kb|k|m|x)?").fullmatch
_IBAN = re.compile(r"[a-z]{2}\d{2}[a-z0-9]{10,30}").fullmatch
_ENDINGS = "com|org|net|io|co|info|biz|xyz|example|test|dev|app|ai"
_URL = re.compile(rf"(?:https?:/+|www\.)\S+|(?:[\w-]{{1,63}}\.){{1,9}}(?:{_ENDINGS})(?:/\S*)?").fullmatch
_FILE = re.compile(r"[\w./-]+\.(?:txt|docx?|pdf|xlsx?|csv|py|js|sh|exe|zip|json|md|html?|pptx?|jpg|png)").fullmatch
_WORD: Final = 64
_MOST_KINDS: Final = 9
_SAME: Final = repeat(_EDGES)


def sentences(text: str) -> list[Sentence]:
    """The sentences of a text with their words in lower case.

    A sentence ends at a full stop, a blank line or a list item, not at a line's end; Chinese and Japanese characters
    are words of their own.
    """
    if "\t" in text or not text.isascii() or "\r" in text or "\x0b" in text or "\x0c" in text:
        text = text.encode("utf-8", "replace").translate(_OPENING).decode()
    if "\\n" in text:
        text = text.replace("\\n", "\n\n")
    if "\n>" in text or "\n " in text or "\n|" in text or text[:1] in _QUOTES:
        text = "\n".join(map(str.lstrip, text.split("\n"), _QUOTED))
    for end, apart in _ENDS:
        text = text.replace(end, apart)
    if text.isascii():
        lowered = text.lower()
    else:
        for end, apart in _WIDE_ENDS:
            text = text.replace(end, apart)
        lowered = text.lower().replace("’", "'")
        for blank in _WIDE_BLANKS:
            lowered = lowered.replace(blank, " ")
        lowered = lowered.translate(_apart()) if _beyond_latin(lowered) else lowered
    lowered = lowered.encode().translate(_ASCII_BLANKS).decode()
    apart_words = map(str.split, lowered.split("\n\n"))
    return [
        (sentence, list(filter(None, map(str.strip, parts, _SAME))))
        for sentence, parts in zip(text.split("\n\n"), apart_words, strict=True)
        if parts
    ]


def parts(sentence: str) -> list[Sentence]:
    """What stands in a sentence as one of its own: what follows a colon or dash, and what is shouted amid other words.

    Likewise with the words of each; parts of fewer than ``_PART_LEAST`` words are none.
    """
    found = []
    for mark in _PART_MARKS:
        before, _, rest = sentence.partition(mark)
        if rest and before:
            found.append(rest)
    if _shouts(sentence) and not sentence.isupper():
        found += [run for shouted, run in _runs(sentence) if shouted]
    return [part for text in found[:_MOST_PARTS] for part in sentences(text) if len(part[1]) >= _PART_LEAST]


_PART_MARKS: Final = (": ", ":\n", " - ", " -- ", " – ")
_PART_LEAST: Final = 3
_MOST_PARTS: Final = 4
_shouts: Final = re.compile(r"[A-ZÄÖÜ]{2,}\W{1,3}[A-ZÄÖÜ]{2,}\W{1,3}[A-ZÄÖÜ]{2,}\W{1,3}[A-ZÄÖÜ]{2,}").search


def _runs(sentence: str) -> list[tuple[bool, str]]:
    """The sentence's words in runs of such in capitals and of others; a number or a mark belongs to where it stands."""
    runs: list[tuple[bool, list[str]]] = []
    for word in sentence.split():
        shouted = word.isupper() if word.upper() != word.lower() else bool(runs) and runs[-1][0]
        if runs and runs[-1][0] == shouted:
            runs[-1][1].append(word)
        else:
            runs.append((shouted, [word]))
    return [(shouted, " ".join(run)) for shouted, run in runs]


@cache
def _apart() -> dict[int, str]:
    """Chinese and Japanese characters between blanks, for ``str.translate``; a pattern would take ten times as long."""
    return {point: f" {chr(point)} " for points in _CJK for point in points}


def _beyond_latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return True
    return False


def pieces(words: list[str]) -> list[list[str]]:
    """A long sentence in overlapping pieces of ``LONGEST`` words."""
    if len(words) <= LONGEST:
        return [words]
    return [words[start : start + LONGEST] for start in range(0, len(words) - LONGEST + STEP, STEP)]


def shape(word: str) -> str:
    """What stands for a word that is no word: an address, a number, a name of code."""
    if len(word) > _WORD:
        return "\x01long"
    if "@" in word and len(word) > 3:
        return "\x01email"
    if _NUMBER(word):
        return "\x01number"
    if _IBAN(word):
        return "\x01iban"
    if _FILE(word):
        return "\x01file"
    if _URL(word):
        return "\x01url"
    if "_" in word:
        return "\x01snake"
    return word


_SHAPES: Final = {
    "\x01email": "@", "\x01number": "#", "\x01iban": "$", "\x01file": "%", "\x01url": "/", "\x01snake": "_",
}  # fmt: skip
_LETTERS: Final = CLASSES | _SHAPES
_NONE: Final = repeat("")
_MASKS: Final = repeat(MASK)
_KIND_CRC: Final = {kind: crc32(b"\x0a" + kind.encode()) for kind in ("order", "question", "software", "other")}
_START_CRC: Final = {start: crc32(b"\x0d" + start.encode()) for start in ORDERS}


def signs(words: list[str], sentence: str) -> set[int]:
    """The features of one sentence (at most ``LONGEST`` of its words) as places in the table, each once."""
    by_word, by_class = kinds_of_signs(words, sentence)
    by_word.update(by_class)
    return by_word


def kinds_of_signs(words: list[str], sentence: str) -> tuple[set[int], set[int]]:
    """The features that name words, and those of classes and form."""
    words = [word if word.isalpha() else shape(word) for word in words]
    order = "".join(map(_LETTERS.get, words, _NONE)) if "order" not in words else _order(words)
    start = _start(words)
    kind = _kind(start, order, sentence)
    octets = list(map(str.encode, words))
    ones = list(map(crc32, octets))
    twos = list(map(crc32, octets[1:], ones))
    found = {*ones, *twos, *map(crc32, octets[2:], twos), *map(crc32, octets, repeat(_KIND_CRC[kind]))}
    found.update([crc32(b"\x02" + octet[:5]) for octet in octets if len(octet) > 5])
    if start:
        found.update(map(crc32, octets, repeat(_START_CRC[start])))
    return set(map(and_, found, _MASKS)), _class_signs(order, start, kind, sentence, len(words))


_name: Final = re.compile(r"[^\W\d_,] (?:[\"'‘“«]?)[A-Z][^\WA-Z]").search
"""A word with a capital within the sentence: a name, mostly."""


def _order(words: list[str]) -> str:
    """The words' classes; the order of an order number is a purchase."""
    return "".join(
        [
            "" if word == "order" and following in _OF_PURCHASES else _LETTERS.get(word, "")
            for word, following in zip(words, [*words[1:], ""], strict=True)
        ]
    )


_OF_PURCHASES: Final = frozenset(
    listed("number numbers confirmation form status details id no history total \x01number")
)


def _kind(start: str, order: str, sentence: str) -> str:
    """What kind of sentence it is: an order, a question, one that names software or its answer, or any other."""
    if start:
        return "order"
    if sentence.endswith("?"):
        return "question"
    return "software" if not _SOFTWARE.isdisjoint(order) else "other"


_SOFTWARE: Final = frozenset("aioujt")


def _start(words: list[str]) -> str:
    """The class of the verb that opens the sentence, when it opens with an order."""
    for word in words[:4]:
        letter = _AS_VERBS.get(word) or CLASSES.get(word, " ")
        if letter in ORDERS:
            return letter
        if letter not in _BEFORE and word not in _ASKING:
            return ""
    return ""


# Nouns elsewhere, verbs where they open a sentence.
_AS_VERBS: Final = {"order": "M", "text": "S"}
_BEFORE: Final = frozenset("p!?zx")
_ASKING: Final = frozenset(listed("can could would will to and then also next go ahead just simply task todo new"))


class _Places(dict[str, int]):
    """Places of short signs that begin alike, each worked out once."""

    __slots__ = ("_prefix",)

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def __missing__(self, sign: str) -> int:
        if len(self) >= _MOST_KEPT:
            self.clear()
        place = self[sign] = crc32((self._prefix + sign).encode()) & MASK
        return place


def _places_of(places: _Places, signs: Iterable[str]) -> Iterable[int]:
    return map(places.__getitem__, signs)


_MOST_KEPT: Final = 20_000
_RUNS, _KINDS, _PAIRS, _OPENINGS, _FORMS = map(_Places, ("\x03", "\x04", "\x05", "\x07", ""))
_STARTS: Final = {start: (_Places("\x06" + start), _Places("\x0c" + start)) for start in ORDERS}


def _class_signs(order: str, start: str, kind: str, sentence: str, length: int) -> set[int]:
    kinds = sorted(set(order))
    twos = list(map(add, order, order[1:]))
    pairs = list(map("".join, combinations(kinds[:_MOST_KINDS], 2)))
    last = sentence[-1:] if sentence[-1:] in "?!.:" else ""
    forms = [f"\x08{min(length, 40) // 4}", f"\x08end{last}", "\x0b" + kind]
    found = {
        *_places_of(_RUNS, twos), *_places_of(_RUNS, map(add, twos, order[2:])), *_places_of(_KINDS, kinds),
        *_places_of(_PAIRS, pairs), _OPENINGS[order[:3]],
    }  # fmt: skip
    if start:
        with_start, with_pairs = _STARTS[start]
        found.add(with_start[""])
        found.update(_places_of(with_start, kinds), _places_of(with_pairs, pairs))
    if '"' in sentence or "“" in sentence or " '" in sentence:
        forms += ["\x09quote", "\x09quote" + start]
    if length > 4 and sentence.isupper():
        forms.append("\x09capitals")
    elif _name(sentence):
        forms += ["\x09name", "\x09name" + start]
    found.update(_places_of(_FORMS, forms))
    return found
