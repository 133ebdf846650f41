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
from collections.abc import Iterator
from itertools import islice
from urllib.parse import unquote

from postbox.screening.distilling.words import words

MOST_VIEWS = 12
VIEW_CHARACTERS = 8_192
_PRINTABLE = 0.92

_BASE64_OF_URLS = str.maketrans("-_", "+/")
_BASE64_DRAWN = bytes(
    ord("a") if chr(octet).isascii() and (chr(octet).isalnum() or chr(octet) in "+/-_") else ord(" ")
    for octet in range(256)
)
_BASE64_RUN = b"a" * 20
_HEX = re.compile(r"(?<![0-9a-fA-F])(?:(?:0x|\\x)?[0-9a-fA-F]{2}[ :,]?){12,4096}").finditer
_PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2}[^%\s]{0,8}){8,2048}").finditer
_ENTITIES = re.compile(r"(?:&#x?[0-9a-fA-F]{1,6};[^&\n]{0,3}){5,2048}").finditer
_SPACED = re.compile(r"(?:\b\w[ .\-_*]{1,3}){7,2048}\w\b").finditer
_SET_APART = re.compile(r"(?:[ .\-_*]{1,3}\w(?!\w)){7}").search  # sooner done than _SPACED, which tells where it begins
_LEET_WORD = re.compile(r"\b[a-z]*[013457@$!][a-z013457@$!]*\b", re.I)
_LEET = str.maketrans("013457@$!", "oieastasi")
_LOOK_ALIKES = str.maketrans(
    "АВЕКМНОРСТХаеорсухіјѕԁԛԝһӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαενιρ",
    "ABEKMHOPCTXaeopcyxijsdqwhlABEZHIKMNOPTYXoaevip",
)
_OTHER_ALPHABET = re.compile("[\u0370-\u052f]").search
_BACKWARDS = frozenset(
    {"erongi", "dragersid", "tegrof", "snoitcurtsni", "tpmorp", "tnatsissa", "metsys", "suoiverp", "laever"}
)
_ROT13 = frozenset({"vtaber", "qvfertneq", "vafgehpgvbaf", "cebzcg", "nffvfgnag", "cerivbhf", "flfgrz"})


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


def views(text: str, words: frozenset[str] | set[str]) -> Iterator[tuple[str, str]]:
    """The disguise's name and the text that comes out, ``MOST_VIEWS`` at most; ``words``: the text's, lower case."""
    yield from islice(_all_views(text, words), MOST_VIEWS)


def _all_views(text: str, words: frozenset[str] | set[str]) -> Iterator[tuple[str, str]]:
    for run in _runs_of_base64(text):
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
    yield from _letters(text, words)


def _runs_of_base64(text: str) -> Iterator[str]:
    """Runs of its characters, found in a copy of the text that says of each octet only whether it is one of them."""
    octets = text.encode("utf-8", "replace")
    drawn = octets.translate(_BASE64_DRAWN) + b" "
    begin = drawn.find(_BASE64_RUN)
    while begin >= 0:
        end = drawn.index(b" ", begin)
        yield octets[begin : min(end, begin + VIEW_CHARACTERS)].decode()
        begin = drawn.find(_BASE64_RUN, end)


def _letters(text: str, words: frozenset[str] | set[str]) -> Iterator[tuple[str, str]]:
    odd = [word for word in words if not word.isalpha()]
    if len(_LONE & words) >= 5 and _SET_APART(text):
        for match in _SPACED(text):
            yield "letters set apart", _closed_up(match[0][:VIEW_CHARACTERS])
    if _pairs_of_hex(odd):
        for match in _HEX(text):
            if plain := _from_hex(match[0]):
                yield "hex", plain
    if not _LEET_TARGETS.isdisjoint("\n".join(odd).translate(_LEET).split("\n")) and any(map(_leet, odd)):
        yield "letters written as digits", _LEET_WORD.sub(_unleet, text[:VIEW_CHARACTERS])


_LONE = frozenset("abcdefghijklmnopqrstuvwxyzàáäèéêíïñóôöúüß")


def _closed_up(run: str) -> str:
    """Letters brought together; wider gaps are word gaps, and where there are none, known words are set apart."""
    joined = re.sub(r"(?<=\w)[ .\-_*](?=\w)", "", run)
    return joined if " " in joined else _KNOWN.sub(r" \g<0> ", joined)


def _pairs_of_hex(words: list[str]) -> bool:
    pairs = 0
    for word in words:
        if len(word) >= 24 and not len(word) % 2 and all(c in "0123456789abcdefx\\" for c in word[:32]):
            return True
        pairs += len(word) == 2 and word.isalnum() and not word.isalpha()
    return pairs >= 5


def _leet(word: str) -> bool:
    return 4 <= len(word) <= 20 and not word.isalpha() and word[0] != "0" and word.translate(_LEET) in _LEET_TARGETS


_LEET_TARGETS = frozenset(
    words(
        """
    ignore disregard forget instructions instruction previous prompt system assistant password override reveal
    secret
    """
    )
)


_KNOWN = re.compile("all|and|the|your|my|to|" + "|".join(sorted(_LEET_TARGETS, key=len, reverse=True)), re.I)


def _unleet(match: re.Match[str]) -> str:
    word = match[0]
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
