"""Other readings of a text: what it says once disguises are taken off.

Decides which encodings are tried (base64, hex, percent, entities, reversed, rot13, leet, spaced-out letters, look-
alike letters) and bounds them in number, length and depth. It never scores anything.
"""

from __future__ import annotations

import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Set
from itertools import filterfalse, islice
from urllib.parse import unquote

from postbox.screening.distilling.words import words
from postbox.screening.model.lexicon import CLASSES

MOST_VIEWS = 12
VIEW_CHARACTERS = 8_192
_PRINTABLE = 0.92

_BASE64_OF_URLS = str.maketrans("-_", "+/")
_BASE64_RUN, _HEX_RUN, _SPACED_RUN = b"a" * 20, b"a" * 24, b" a" * 7
_DOTTED_RUN = b"|a a a a a"
_BETWEEN_HEX = b"x\\ :,"
_HEX = re.compile(r"(?<![0-9a-fA-F])(?:(?:0x|\\x)?[0-9a-fA-F]{2}[ :,]?){12,4096}").finditer
_PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2}[^%\s]{0,8}){8,2048}").finditer
_ENTITIES = re.compile(r"(?:&#x?[0-9a-fA-F]{1,6};[^&\n]{0,3}){5,2048}").finditer
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W_][ .\-_*]{1,3}){7,2048}[^\W_](?![^\W_])").finditer
_LEET_WORD = re.compile(r"\b[a-z]*[013457@$!][a-z013457@$!]*\b", re.I)
_LEET = str.maketrans("013457@$!", "oieastasi")
_LOOK_ALIKES = str.maketrans(
    "АВЕКМНОРСТХаеорсухіјѕԁԛԝһӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαενιρ",
    "ABEKMHOPCTXaeopcyxijsdqwhlABEZHIKMNOPTYXoaevip",
)
_OTHER_ALPHABET = re.compile("[\u0370-\u052f]").search
_BACKWARDS = frozenset(
    {
        "erongi", "dragersid", "tegrof", "snoitcurtsni", "tpmorp", "tnatsissa", "metsys", "suoiverp", "laever",
        "liame", "drawrof", "egassem", "tneipicer", "drowssap", "ydob", "etirw",
    }
)  # fmt: skip
_ROT13 = frozenset(
    {"vtaber", "qvfertneq", "vafgehpgvbaf", "cebzcg", "nffvfgnag", "cerivbhf", "flfgrz", "rznvy", "sbejneq"}
)


def unified(text: str) -> str:
    """The text in compatibility form with look-alike letters of other alphabets read as Latin inside mixed words."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    if _OTHER_ALPHABET(text):
        text = " ".join(_one_alphabet(word) for word in text.split(" "))
    return text


def _one_alphabet(word: str) -> str:
    if word.isascii():
        return word
    read = word.translate(_LOOK_ALIKES)
    return read if read.isascii() else word


def views(text: str, words: Set[str]) -> Iterator[tuple[str, str]]:
    """The disguise's name and the text that comes out, ``MOST_VIEWS`` at most; ``words``: the text's, lower case."""
    yield from islice(_all_views(text, words), MOST_VIEWS)


def _all_views(text: str, words: Set[str]) -> Iterator[tuple[str, str]]:
    octets = text.encode("latin-1", "replace")
    for run in _runs_of_base64(text, octets):
        if plain := _from_base64(run):
            yield "base64", plain
    if text.count("%") >= 8:
        for match in _PERCENT(text):
            yield "percent-encoded text", unquote(match[0][:VIEW_CHARACTERS])
    if text.count("&#") >= 5:
        for match in _ENTITIES(text):
            yield "character references", html.unescape(match[0][:VIEW_CHARACTERS])
    if not words.isdisjoint(_BACKWARDS):
        yield "text written backwards", text[:VIEW_CHARACTERS][::-1]
    if not words.isdisjoint(_ROT13):
        yield "rot13", codecs.encode(text[:VIEW_CHARACTERS], "rot13")
    yield from _letters(text, octets, words)


def _drawing(letters: str, blanks: str) -> bytes:
    """A table that says of each character of Latin-1 only whether it is such a letter (``a``), a blank, or neither.

    What a pattern would look for at every place is then found at once as a plain string.
    """
    drawn = {ord(character): "a" for character in letters} | {ord(character): " " for character in blanks}
    return "".join(drawn.get(octet, "|") for octet in range(256)).encode()


_LATIN_1 = bytes(range(256)).decode("latin-1")
_LETTERS = "".join(filter(str.isalnum, _LATIN_1)) + "?"  # which stands for any other alphabet's
_AS_BASE64 = _drawing("".join(filter(str.isascii, filter(str.isalnum, _LATIN_1))) + "+/-_", "")
_AS_HEX = _drawing("0123456789abcdefABCDEF", "")
_AS_SPACED = _drawing(_LETTERS, " .-_*")
_AS_DOTTED = _drawing("".join(filter(str.isalpha, _LETTERS)) + "?", ".-_*")


def _runs_of_base64(text: str, octets: bytes) -> Iterator[str]:
    drawn = octets.translate(_AS_BASE64) + b"|"
    begin = drawn.find(_BASE64_RUN)
    while begin >= 0:
        end = drawn.index(b"|", begin)
        run = text[begin : min(end, begin + VIEW_CHARACTERS)]
        if not (run == run.lower() or run == run.upper()):  # a rule of dashes, words in a path
            yield run
        begin = drawn.find(_BASE64_RUN, end)


def _holds_spaced(octets: bytes) -> bool:
    """Whether there may be enough letters set apart; two or three marks between them are brought down to one."""
    return _SPACED_RUN in octets.translate(_AS_SPACED).replace(b"   ", b" ").replace(b"  ", b" ")


def _holds_dotted(octets: bytes) -> bool:
    """Whether somewhere five letters follow each other with a dot or dash between them."""
    return _DOTTED_RUN in b"|" + octets.translate(_AS_DOTTED)


def _letters(text: str, octets: bytes, words: Set[str]) -> Iterator[tuple[str, str]]:
    if (len(_LONE & words) >= 5 or _holds_dotted(octets)) and _holds_spaced(octets):
        for match in _SPACED(text):
            yield "letters set apart", _closed_up(match[0][:VIEW_CHARACTERS])
    if _HEX_RUN in octets.translate(_AS_HEX, _BETWEEN_HEX):
        for match in _HEX(text):
            if plain := _from_hex(match[0]):
                yield "hex", plain
    if _may_hold_leet(words) and any(map(_leet, words)):
        yield "letters written as digits", _LEET_WORD.sub(_unleet, text[:VIEW_CHARACTERS])


_LONE = frozenset("abcdefghijklmnopqrstuvwxyzàáäèéêíïñóôöúüß")


def _closed_up(run: str) -> str:
    """Letters brought together; wider gaps are word gaps, or any blank where other marks stand between the letters;
    where there are none, known words are set apart.
    """
    joined = run.translate(_NO_MARKS) if _dotted(run) else _BETWEEN.sub("", run)
    return joined if " " in joined.strip() else _apart(joined)


def _apart(joined: str) -> str:
    """Letters without blanks with known words set apart, from the left, the longest first; others stay together."""
    lowered, found, at = joined.lower(), [], 0
    while at < len(lowered):
        for length in range(_LONGEST_KNOWN, 1, -1):
            if lowered[at : at + length] in _KNOWN:
                found.append(f" {joined[at : at + length]} ")
                at += length
                break
        else:
            found.append(joined[at])
            at += 1
    return " ".join("".join(found).split())


def _may_hold_leet(words: Iterable[str]) -> bool:
    odd = "\n".join(filterfalse(str.isalpha, words))
    return not _LEET_TARGETS.isdisjoint(odd.translate(_LEET).split("\n"))


def _leet(word: str) -> bool:
    return 4 <= len(word) <= 20 and not word.isalpha() and word[0] != "0" and word.translate(_LEET) in _LEET_TARGETS


_LEET_TARGETS = frozenset(
    words(
        """
    ignore disregard forget instructions instruction previous prompt system assistant password override reveal
    secret send email mail forward message please
    """
    )
)
_dotted = re.compile(r"[^\W_][.\-_*][^\W_][.\-_*][^\W_]").search
_NO_MARKS = str.maketrans("", "", ".-_*")
_BETWEEN = re.compile(r"(?<=\w)[ .\-_*](?=\w)")
_SMALL = words(
    """
    and the that this these those you your are was were will would have has had not but for from with what who when how
    his her him them they our out its all any one can could should must about into over then than only just every each
    hate love best bad good text world people to my of me is in on
    """
)
_KNOWN = _LEET_TARGETS.union(_SMALL, (word for word in CLASSES if len(word) > 2 and word.isascii()))
_LONGEST_KNOWN = max(map(len, _KNOWN))


def _unleet(match: re.Match[str]) -> str:
    word = match[0]
    if "@" in word and match.string.startswith(".", match.end()):  # an address
        return word
    return word if word.isdigit() else word.translate(_LEET)


def _from_base64(run: str) -> str:
    run = run[:VIEW_CHARACTERS].rstrip("=").translate(_BASE64_OF_URLS)
    run = run[: len(run) - (len(run) % 4 == 1)]
    try:
        return _readable(binascii.a2b_base64(run + "=" * (-len(run) % 4)))
    except (binascii.Error, ValueError):
        return ""


def _from_hex(run: str) -> str:
    digits = re.sub(r"0x|\\x|[ :,]", "", run[:VIEW_CHARACTERS])
    return _readable(bytes.fromhex(digits[: len(digits) // 2 * 2]))


def _readable(octets: bytes) -> str:
    """The octets as text when they are text."""
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        text = octets[:-3].decode("utf-8", "ignore") if len(octets) > 40 else ""
        if len(text) < 0.95 * (len(octets) - 3):
            return ""
    seen = sum(1 for character in text if character.isprintable() or character in "\n\t\r")
    return text if len(text) >= 8 and seen >= _PRINTABLE * len(text) and " " in text.strip() else ""
