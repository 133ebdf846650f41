"""Payment card numbers (ISO/IEC 7812-1).

Decides by length and issuer range, the Luhn check, and how the digits are grouped: as on a card, or not at all. Digits
within a longer run, a word, a decimal or hexadecimal number are none: tracking numbers and identifiers look like that.
A line's end may stand between groups where a word says card, since mail is wrapped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from postbox.lib.linear import compiled
from postbox.screening.dlp.findings import Finding, Kind

# Blanks and hyphens of Unicode too: HTML mail has no-break spaces there.
BLANK = r"[ \x{A0}\x{2007}\x{2009}\x{202F}\x{3000}]"
HYPHEN = r"[\-\x{AD}\x{2010}-\x{2014}\x{2212}\x{FF0D}]"
BETWEEN = rf"(?:{BLANK}{{1,2}}|{BLANK}?{HYPHEN}{BLANK}?|\.)"

# The end of a line that was wrapped, quoted or not.
WRAP = rf"{BLANK}?\r?\n(?:> ?){{0,4}}{BLANK}{{0,2}}"
PREFILTER = (
    rf"[0-9]{{13}}|[0-9]{{4}}{BETWEEN}[0-9]{{4,6}}{BETWEEN}[0-9]{{4,5}}"
    rf"|[0-9]{{4}}{BETWEEN}[0-9]{{4,6}}{WRAP}[0-9]{{4}}|[0-9]{{4}}{WRAP}[0-9]{{4,6}}{BETWEEN}[0-9]{{4}}"
)

_RUN = compiled(rf"[0-9]{{4,19}}(?:{BETWEEN}[0-9]{{1,19}})*")
_WRAPPED = compiled(
    rf"([0-9]{{4}}(?:{BETWEEN}[0-9]{{4,6}}){{0,2}}){WRAP}([0-9]{{4,6}}(?:{BETWEEN}[0-9]{{4,5}}){{0,2}})"
)
_GROUP = re.compile(rb"[0-9]+")
_LAYOUTS = ((4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (6, 13))
_WORD_BEFORE = re.compile(rb"[0-9A-Za-z_]\Z|[0-9][.,:]\Z")
_WORD_AFTER = re.compile(rb"[A-Za-z_]|[.,:]?[0-9]")
# Ranges that are short, long or widely used for other numbers count where a word says what the number is.
_SAID = compiled(
    r"card|credit|debit|\bpan\b|\bcvv|\bcvc|\bexp(?:iry|ires|\.|:| date)|visa|maestro|diners|discover|unionpay"
    r"|karte|tarjeta|carte|carta|cart[aã]o",
    any_case=True,
)
_AROUND = 48
# A card and a year beside it; more groups of four digits in a row are no card.
_FOURS = 5
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def find(text: bytes) -> Iterator[Finding]:
    """The card numbers of a text; those across lines last."""
    for run in _RUN.finditer(text):
        yield from _in_run(text, _groups(text, *run.span()))
    for match in _WRAPPED.finditer(text):
        yield from _across_lines(text, _groups(text, *match.span(1)), _groups(text, *match.span(2)))


def _groups(text: bytes, begin: int, end: int) -> list[tuple[int, int]]:
    return [one.span() for one in _GROUP.finditer(text, begin, end)]


def _across_lines(text: bytes, above: list[tuple[int, int]], below: list[tuple[int, int]]) -> Iterator[Finding]:
    for layout in _LAYOUTS:
        for count in range(1, min(len(above) + 1, len(layout))):
            groups = [*above[-count:], *below[: len(layout) - count]]
            if tuple(end - begin for begin, end in groups) == layout and _is_card(text, groups) and _says(text, groups):
                yield Finding(groups[0][0], groups[-1][1], Kind.CARD)
                return


def _in_run(text: bytes, groups: list[tuple[int, int]]) -> Iterator[Finding]:
    if len(groups) > _FOURS and sum(end - begin == 4 for begin, end in groups) > _FOURS:
        yield from _side_by_side(text, groups)
        return
    at = 0
    while at < len(groups):
        taken = next((count for count in _candidates(groups, at) if _is_card(text, groups[at : at + count])), 0)
        if taken:
            yield Finding(groups[at][0], groups[at + taken - 1][1], Kind.CARD)
        at += taken or 1


def _side_by_side(text: bytes, groups: list[tuple[int, int]]) -> Iterator[Finding]:
    """Cards one after the other, and nothing but cards; else it is a row of a table."""
    cards = [groups[at : at + 4] for at in range(0, len(groups), 4)]
    if all(len(card) == 4 and _is_card(text, card) for card in cards):
        yield from (Finding(card[0][0], card[-1][1], Kind.CARD) for card in cards)


def _candidates(groups: list[tuple[int, int]], at: int) -> Iterator[int]:
    """How many groups from here on are laid out as on a card."""
    lengths = tuple(end - begin for begin, end in groups[at : at + 5])
    for layout in _LAYOUTS:
        if lengths[: len(layout)] == layout:
            yield len(layout)
    if 13 <= lengths[0] <= 19:
        yield 1


def _is_card(text: bytes, groups: list[tuple[int, int]]) -> bool:
    begin, end = groups[0][0], groups[-1][1]
    digits = b"".join(text[a:b] for a, b in groups)
    if not _luhn(digits) or len(set(digits)) < 2:
        return False
    sure = _issuer(digits)
    if sure is None or _WORD_BEFORE.search(text[max(0, begin - 2) : begin]) or _WORD_AFTER.match(text, end):
        return False
    return sure or _says(text, groups)


def _says(text: bytes, groups: list[tuple[int, int]]) -> bool:
    """Whether a word beside it says card."""
    begin, end = groups[0][0], groups[-1][1]
    return _SAID.search(text[max(0, begin - _AROUND) : end + _AROUND]) is not None


def _luhn(digits: bytes) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = digit - 48
        total += _DOUBLED[value] if place & 1 else value
    return total % 10 == 0


def _issuer(digits: bytes) -> bool | None:
    """Whether the number is a card's by its range alone; None where it cannot be one."""
    size, six = len(digits), int(digits[:6])
    two, four = six // 10_000, six // 100
    if two // 10 == 4:
        return True if size == 16 else False if size in {13, 19} else None
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return True if size == 16 else None
    if two in {34, 37}:
        return True if size == 15 else None
    if four == 6011 or 644 <= six // 1000 <= 649 or two == 65:
        return True if size == 16 else False if size == 19 else None
    if 3528 <= four <= 3589:
        return True if size == 16 else False if size == 19 else None
    if two in {36, 38, 39} or 300 <= six // 1000 <= 305:
        return False if size in {14, 16, 19} else None
    if two in {50, 56, 57, 58} or 60 <= two <= 69 or two == 81:  # Maestro, UnionPay, RuPay
        return False if size >= 16 else None
    return None
