"""US social security numbers and international bank account numbers.

Decides an SSN by the ranges that were ever given (areas 000, 666 and from 900, group 00, serial 0000 never), and by a
word beside it where its hyphens do not say enough; an IBAN (ISO 13616-1) by its country's length and the check digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import ascii_uppercase

from postbox.lib.linear import compiled
from postbox.screening.dlp.cards import BLANK, HYPHEN, WRAP
from postbox.screening.dlp.findings import Finding, Kind

_SAYS_SSN = r"(?i:\bssns?\b|social[ -]?sec|soc\.? sec|\bss ?#|\btax(?:payer)? id|\bitin\b)"
PREFILTER = (
    rf"[0-9]{{3}}{HYPHEN}[0-9]{{2}}{HYPHEN}[0-9]{{4}}|{_SAYS_SSN}"
    rf"|\b[A-Z]{{2}}[0-9]{{2}}(?:(?:{BLANK}|{WRAP})?[0-9A-Z]{{4}}){{2}}(?:{BLANK}|{WRAP})?[0-9A-Z]{{3}}"
)

_HYPHENED = compiled(rf"[0-9]{{3}}{HYPHEN}[0-9]{{2}}{HYPHEN}[0-9]{{4}}")
_SAID = compiled(_SAYS_SSN)
# Beside the word, blanks or nothing may stand between the digits.
_BESIDE = re.compile(rb"(?<![0-9A-Za-z-])[0-9]{3}[ .]?[0-9]{2}[ .]?[0-9]{4}(?![0-9A-Za-z-])")
_BESIDE_OCTETS = 40
_JOINED_BEFORE = re.compile(rb"[0-9A-Za-z_]\Z|[0-9A-Za-z][-./]\Z|[+/=]\Z")
_JOINED_AFTER = re.compile(rb"[0-9A-Za-z_]|[-./][0-9A-Za-z]|=")
_SAMPLES = frozenset({b"078051120", b"219099999"})  # printed on samples of the card, and void since
_NO_DIGIT = re.compile(rb"[^0-9]+")

_IBAN = compiled(rf"\b[A-Z]{{2}}[0-9]{{2}}(?:(?:{BLANK}|-|{WRAP})?[0-9A-Z]{{1,4}}){{3,8}}")
_MOST_TRIES = 5000  # of a text that is made of beginnings
_NO_SIGN = re.compile(rb"[^0-9A-Z]+")
_LETTER_AFTER = re.compile(rb"[0-9A-Za-z_]")
# The registry's lengths (SWIFT, release 99).
_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
_SO_MANY = {length: re.compile(rb"(?>(?:[^0-9A-Z]*[0-9A-Z])){%d}" % length) for length in set(_LENGTHS.values())}
_AS_NUMBERS = {ord(letter): str(int(letter, 36)) for letter in ascii_uppercase}


def find_ssns(text: bytes) -> Iterator[Finding]:
    """The social security numbers of a text."""
    for match in _HYPHENED.finditer(text):
        begin, end = match.span()
        if _is_ssn(match.group()) and _stands_alone(text, begin, end):
            yield Finding(begin, end, Kind.SSN)
    for said in _SAID.finditer(text):
        beside = _BESIDE.search(text, said.end(), said.end() + _BESIDE_OCTETS)
        if beside and _is_ssn(beside[0]):
            yield Finding(*beside.span(), Kind.SSN)


def _stands_alone(text: bytes, begin: int, end: int) -> bool:
    return not _JOINED_BEFORE.search(text[max(0, begin - 2) : begin]) and not _JOINED_AFTER.match(text, end)


def _is_ssn(written: bytes) -> bool:
    digits = _NO_DIGIT.sub(b"", written)
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    given = area not in {b"000", b"666"} and area < b"900" and group != b"00" and serial != b"0000"
    return given and digits not in _SAMPLES and len(set(digits)) > 1


def find_ibans(text: bytes) -> Iterator[Finding]:
    """The account numbers of a text."""
    at = tries = 0
    while match := _IBAN.search(text, at):
        begin, end = match.span()
        tries += 1
        at = begin + 4 if tries < _MOST_TRIES else end  # the next one may begin in what the expression took
        length = _LENGTHS.get(text[begin : begin + 2].decode())
        written = _SO_MANY[length].match(text, begin, end) if length else None
        if written and not _LETTER_AFTER.match(text, written.end()) and _checks(written[0]):
            at = written.end()
            yield Finding(begin, at, Kind.IBAN)


def _checks(written: bytes) -> bool:
    """ISO 7064, MOD 97-10: the first four signs moved to the end, letters as 10 to 35."""
    signs = _NO_SIGN.sub(b"", written).decode()
    return int((signs[4:] + signs[:4]).translate(_AS_NUMBERS)) % 97 == 1
